/** What the manager's gauges show when they are read. */
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PORT_STATES } from '@opendvs/model';
import { Bus } from '../bus/bus';
import { EventStreams } from '../events/event-streams.service';
import { OutboxBacklog } from '../publishing/outbox-backlog.service';
import { Publisher } from '../publishing/publisher';
import { HostStatuses } from '../reports/host-statuses.service';
import { Inventory } from '../reports/inventory';
import { PortStatuses } from '../reports/port-statuses.service';
import { AppliedWaiter } from '../waiting/applied-waiter.service';
import { ManagerMetrics } from './manager-metrics';

@Injectable()
export class ManagerGauges implements OnApplicationBootstrap {
  constructor(
    private readonly metrics: ManagerMetrics,
    private readonly bus: Bus,
    private readonly publisher: Publisher,
    private readonly backlog: OutboxBacklog,
    private readonly inventory: Inventory,
    private readonly hosts: HostStatuses,
    private readonly ports: PortStatuses,
    private readonly streams: EventStreams,
    private readonly waiter: AppliedWaiter,
  ) {}

  onApplicationBootstrap(): void {
    this.showPublishing();
    this.showInventory();
    const { metrics, streams, waiter } = this;
    metrics.gauge('opendvs_manager_event_streams', 'Open event streams.', [], (gauge) =>
      gauge.set(streams.size),
    );
    metrics.gauge(
      'opendvs_manager_waiting_requests',
      'Requests that wait for hosts to apply a change.',
      [],
      (gauge) => gauge.set(waiter.size),
    );
  }

  private showPublishing(): void {
    const { metrics, bus, publisher, backlog } = this;
    metrics.gauge('opendvs_manager_bus_connected', '1 while connected to NATS.', [], (gauge) =>
      gauge.set(bus.connected ? 1 : 0),
    );
    metrics.gauge(
      'opendvs_manager_publishing',
      '1 for the state that publishing is in.',
      ['state'],
      (gauge) => gauge.set({ state: publisher.state.state }, 1),
    );
    const measured = shared(() => backlog.measure());
    metrics.gauge(
      'opendvs_manager_outbox_entries',
      'Changes saved and not yet on the bus.',
      [],
      async (gauge) => {
        const backlogNow = await measured();
        if (backlogNow) gauge.set(backlogNow.entries);
      },
    );
    metrics.gauge(
      'opendvs_manager_outbox_oldest_seconds',
      'Age of the oldest of them.',
      [],
      async (gauge) => {
        const backlogNow = await measured();
        if (backlogNow) gauge.set(backlogNow.oldestSeconds ?? 0);
      },
    );
  }

  private showInventory(): void {
    const { metrics, hosts, inventory, ports } = this;
    metrics.gauge('opendvs_manager_hosts', 'Hosts by state.', ['state'], (gauge) => {
      for (const state of ['alive', 'down', 'unknown']) gauge.set({ state }, 0);
      for (const { state } of hosts.all()) gauge.inc({ state });
    });
    metrics.gauge('opendvs_manager_ports', 'Ports by state.', ['state'], (gauge) => {
      for (const state of PORT_STATES) gauge.set({ state }, 0);
      for (const portId of inventory.portIds) gauge.inc({ state: ports.get(portId)?.state ?? 'pending' });
    });
  }
}

/** One question for all who ask at the same time; null when it can't be answered, which other metrics must not suffer from. */
function shared<T>(ask: () => Promise<T>): () => Promise<T | null> {
  let underWay: Promise<T | null> | null = null;
  return () =>
    (underWay ??= ask()
      .catch(() => null) // PostgreSQL is away: readiness says so
      .finally(() => (underWay = null)));
}
