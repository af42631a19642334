import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IdPipe } from '../fields/dto.pipe';
import { ReadOperation } from '../openapi/operations';
import { notFound } from '../problems/problem';
import { Inventory } from '../reports/inventory';
import { HostPlanDto, LivePortDto } from './agent.dto';
import { AgentsClient } from './agents.client';

const PROBLEMS = ['not-found', 'host-answer', 'host-silent'] as const;

/** What a host's agent says when asked now, unlike statuses, which it reports by itself. */
@ApiTags('live')
@Controller()
export class AgentsController {
  constructor(
    private readonly agents: AgentsClient,
    private readonly inventory: Inventory,
  ) {}

  @Get('hosts/:id/plan')
  @ReadOperation({
    id: 'getHostPlan',
    summary: 'What the agent of the host would change now, after an audit of its engine',
    of: HostPlanDto,
    problems: [...PROBLEMS],
  })
  async plan(@Param('id', IdPipe) id: string): Promise<HostPlanDto> {
    if (!(await this.inventory.findHost(id))) throw notFound('host', id);
    return this.agents.plan(id);
  }

  @Get('ports/:id/live')
  @ReadOperation({
    id: 'getLivePort',
    summary: 'State and counters of a port, asked of its host now',
    of: LivePortDto,
    problems: [...PROBLEMS],
  })
  async port(@Param('id', IdPipe) id: string): Promise<LivePortDto> {
    const hostId = await this.inventory.findHostOf(id);
    if (hostId === undefined) throw notFound('port', id);
    return { portId: id, hostId, ...(await this.agents.port(hostId, id)) };
  }
}
