/**
 * Listens to the engine and says what the reconciler must know: that somebody else has changed something of ours, and that ports
 * have changed their link or got into trouble. Also keeps the ledger informed of VMs that connect and go.
 */
import type { DriverEvent } from '@opendvs/dataplane';
import type { Replica, RowChange } from '@opendvs/ovsdb';
import type { CountersLedger } from './counters-ledger';
import { concernsSpecs, DriftWatch } from './drift-watch';
import { isConnected } from './live-ports';
import { DatabaseObserver, type ObservedDatabase, type ObservedPort } from './observe-database';
import type { OvsTables } from './ovs-database';
import { bridgeKey } from './ovs-objects';

/** A VM's port, by the id that its mark says. */
export interface VmPort {
  portId: string;
  port: ObservedPort;
}

export class EngineWatch {
  private readonly observer = new DatabaseObserver();
  private readonly drift = new DriftWatch();
  private replica: Replica<OvsTables> | null = null;
  private isWorking = false;

  constructor(
    private readonly ledger: CountersLedger,
    private readonly tell: (event: DriverEvent) => void,
  ) {}

  /** A session has begun, with this replica. */
  begin(replica: Replica<OvsTables>): void {
    this.replica = replica;
    this.drift.expect(this.database());
    for (const { portId, port } of this.vmPorts()) this.linkSeen(portId, port);
    replica.onChange((changes) => this.databaseChanged(changes));
  }

  /** The database as it is now, in specs. */
  database(): ObservedDatabase {
    return this.observer.observe(this.replica!);
  }

  vmPorts(): VmPort[] {
    return [...this.database().ports.values()].flatMap((port) => {
      const { owner } = port.object;
      return owner?.kind === 'port' ? [{ portId: owner.id, port }] : [];
    });
  }

  /** What the reconciler has seen, and takes for given from now on. */
  seen(database: ObservedDatabase): void {
    this.drift.expect(database);
  }

  /** While `work` is done, changes of the objects `keys` are our own. */
  async during<T>(keys: ReadonlySet<string>, work: () => Promise<T>): Promise<T> {
    this.isWorking = true;
    try {
      return await work();
    } finally {
      this.isWorking = false;
      this.tellDrift(keys);
    }
  }

  /** vswitchd has added or dropped a port. What is done in the database is told from there; this is for what isn't. */
  portChanged(bridge: string, ofport: number): void {
    const concerned = this.vmPorts().filter(
      ({ port }) => port.bridge.name === bridge && port.interfaces.some((one) => one.ofport === ofport),
    );
    if (concerned.length === 0) return;
    this.tell({ type: 'ports-changed', portIds: concerned.map(({ portId }) => portId) });
    if (!this.isWorking) this.tell({ type: 'drift', what: `OpenFlow port ${ofport} of bridge ${bridge}` });
  }

  /** The connection to a bridge has ended. With the bridge itself gone, the database tells. */
  bridgeClosed(bridge: string): void {
    const isThere = this.database().bridges.has(bridgeKey(bridge));
    if (isThere && !this.isWorking)
      this.tell({ type: 'drift', what: `OpenFlow connection of bridge ${bridge}` });
  }

  private databaseChanged(changes: readonly RowChange<OvsTables>[]): void {
    if (!this.isWorking && changes.some(concernsSpecs)) this.tellDrift(new Set());
    const changed = new Set(changes.flatMap(({ table, uuid }) => (table === 'Interface' ? uuid : [])));
    if (changed.size === 0) return;
    const concerned = this.vmPorts().filter(({ port }) =>
      port.interfaces.some(({ _uuid }) => changed.has(_uuid)),
    );
    for (const { portId, port } of concerned) this.linkSeen(portId, port);
    if (concerned.length > 0) {
      this.tell({ type: 'ports-changed', portIds: concerned.map(({ portId }) => portId) });
    }
  }

  private tellDrift(excused: ReadonlySet<string>): void {
    const drifted = this.drift.drifted(this.database(), excused);
    if (drifted.length > 0) this.tell({ type: 'drift', what: drifted.join(', ') });
  }

  private linkSeen(portId: string, port: ObservedPort): void {
    this.ledger.linkSeen(portId, port.interfaces[0]!._uuid, isConnected(port));
  }
}
