import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IdPipe } from '../fields/dto.pipe';
import { ReadOperation } from '../openapi/operations';
import { notFound } from '../problems/problem';
import { HostStatuses } from '../reports/host-statuses.service';
import { Inventory } from '../reports/inventory';
import { PortStatuses } from '../reports/port-statuses.service';
import { historyRange } from './history-range';
import { type HistoryPoint, PortMinutesStore } from './port-minutes.store';
import { PortStatsService } from './port-stats.service';
import { type PortRates, ratesOf, sumRates } from './rates';
import {
  HistoryQuery,
  HostStatsDto,
  POINTS_MAX,
  PortHistoryDto,
  PortStatsDto,
  STEP_SECONDS_RECENT,
} from './stats.dto';

@ApiTags('statistics')
@Controller()
export class StatsController {
  constructor(
    private readonly stats: PortStatsService,
    private readonly minutes: PortMinutesStore,
    private readonly inventory: Inventory,
    private readonly hosts: HostStatuses,
    private readonly ports: PortStatuses,
  ) {}

  @Get('ports/:id/stats')
  @ReadOperation({
    id: 'getPortStats',
    summary: 'Latest counters and rates of a port',
    of: PortStatsDto,
    problems: ['not-found'],
  })
  async port(@Param('id', IdPipe) id: string): Promise<PortStatsDto> {
    const hostId = await this.hostOf(id);
    const latest = this.stats.get(id);
    return {
      portId: id,
      hostId,
      stale: this.hosts.get(hostId).state !== 'alive',
      takenAt: latest?.takenAt.toISOString() ?? null,
      counters: latest?.counters ?? null,
      rates: latest?.rates ?? null,
      ratesSeconds: latest?.ratesSeconds ?? null,
    };
  }

  @Get('ports/:id/stats/history')
  @ReadOperation({
    id: 'getPortStatsHistory',
    summary: 'Rates of a port over time',
    of: PortHistoryDto,
    problems: ['not-found'],
  })
  async history(@Param('id', IdPipe) id: string, @Query() query: HistoryQuery): Promise<PortHistoryDto> {
    await this.hostOf(id);
    const limits = { recentStepSeconds: STEP_SECONDS_RECENT, pointsMax: POINTS_MAX };
    const { from, to, stepSeconds } = historyRange(query, new Date(), limits);
    const points =
      stepSeconds === STEP_SECONDS_RECENT
        ? this.recent(id, from, to)
        : await this.minutes.read(id, from, to, stepSeconds);
    return {
      portId: id,
      from: from.toISOString(),
      to: to.toISOString(),
      stepSeconds,
      points: points.map(({ at, deltas }) => ({
        at: at.toISOString(),
        observedSeconds: deltas.seconds,
        rates: ratesOf(deltas),
      })),
    };
  }

  @Get('hosts/:id/stats')
  @ReadOperation({
    id: 'getHostStats',
    summary: 'Ports by state, and rates of all ports of a host together',
    of: HostStatsDto,
    problems: ['not-found'],
  })
  async host(@Param('id', IdPipe) id: string): Promise<HostStatsDto> {
    if (!(await this.inventory.findHost(id))) throw notFound('host', id);
    const portsByState = { pending: 0, wired: 0, connected: 0, down: 0, error: 0 };
    const rates: PortRates[] = [];
    for (const portId of this.inventory.portsOn(id)) {
      portsByState[this.ports.get(portId)?.state ?? 'pending'] += 1;
      const latest = this.stats.get(portId)?.rates;
      if (latest) rates.push(latest);
    }
    const stale = this.hosts.get(id).state !== 'alive';
    return { hostId: id, stale, portsByState, rates: sumRates(rates) };
  }

  private async hostOf(portId: string): Promise<string> {
    const hostId = await this.inventory.findHostOf(portId);
    if (hostId === undefined) throw notFound('port', portId);
    return hostId;
  }

  private recent(portId: string, from: Date, to: Date): HistoryPoint[] {
    return this.stats
      .recentOf(portId)
      .filter(({ endedAt }) => endedAt >= from && endedAt < to)
      .map(({ endedAt, deltas }) => ({ at: endedAt, deltas }));
  }
}
