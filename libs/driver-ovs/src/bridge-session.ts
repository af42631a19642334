/**
 * One bridge by OpenFlow: its meters and flows, read, written and watched over one connection. What was last read or written is
 * remembered, so that an observation without audit costs nothing; anybody else's change of our flows makes it forget.
 */
import { join } from 'node:path';
import type { Step, StepResult } from '@opendvs/dataplane';
import {
  connect,
  monitorFlows,
  monitorPorts,
  readFlows,
  readMeters,
  readMeterStats,
  readPorts,
  readPortStats,
  switchPortsOn,
  type Connection,
  type MeterStats,
  type PortDescription,
  type PortStats,
} from '@opendvs/openflow';
import { observedOnBridge, stateOf, type BridgeState } from './bridge-state';
import { applyFlowSteps } from './flow-steps';
import { applyMeterSteps, meterIdIn } from './meter-steps';
import type { FlowsSpec, MeterSpec, OvsObserved, OvsSpec } from './ovs-objects';
import { COOKIE_OF_OURS, ownerOfCookie } from './pipeline';

export interface BridgeEvents {
  /** The connection is over; the session is of no use any more. */
  closed(): void;
  /** Somebody else changed flows of ours. */
  flowsChanged(): void;
  /** The OpenFlow port of this number came or went. */
  portChanged(ofport: number): void;
}

/** Is told when meters are made, changed and deleted, as they lose their counts by that. */
export interface MeterWitness {
  /** All counts as they are; from now on what others read of meters may be from before or after the change. */
  beforeChange(stats: readonly MeterStats[]): void;
  /** It is over; these meters count from zero. */
  afterChange(restartedMeterIds: readonly number[]): void;
}

export interface BridgeCounters {
  ports: ReadonlyMap<number, PortStats>;
  meters: ReadonlyMap<number, MeterStats>;
}

export class BridgeSession {
  /** What of ours is on the bridge; null: to be read. */
  private known: Map<string, OvsObserved> | null = null;
  /** Changes of our flows by others, so far. */
  private foreignChanges = 0;
  private readonly presentPorts = new Set<number>();

  private constructor(
    readonly name: string,
    private readonly connection: Connection,
    private readonly events: BridgeEvents,
  ) {}

  /** @throws ConnectionClosedError when vswitchd has no such bridge */
  static async open(
    runDir: string,
    name: string,
    events: BridgeEvents,
    signal: AbortSignal,
  ): Promise<BridgeSession> {
    const connection = await connect(join(runDir, `${name}.mgmt`), signal);
    const session = new BridgeSession(name, connection, events);
    connection.once('close', () => events.closed());
    await monitorPorts(connection, ({ reason, port }) => session.portChanged(reason, port.port));
    await monitorFlows(connection, (change) =>
      session.flowChanged('cookie' in change ? change.cookie : null),
    );
    await session.refreshPorts();
    return session;
  }

  /** Does vswitchd have the port, whatever the database says? */
  hasPort(ofport: number): boolean {
    return this.presentPorts.has(ofport);
  }

  /** Asks for the ports that there are now; news of them may be late. */
  async refreshPorts(): Promise<PortDescription[]> {
    const ports = await readPorts(this.connection);
    this.presentPorts.clear();
    for (const { port } of ports) this.presentPorts.add(port);
    return ports;
  }

  /** Switches those of the ports on that are off: a NIC of the kernel carries nothing until somebody does. */
  async switchOn(ports: readonly PortDescription[]): Promise<void> {
    const off = ports.filter(({ adminDown }) => adminDown);
    if (off.length > 0) await switchPortsOn(this.connection, off);
  }

  /** @param ownNumbers port numbers of our rows on the bridge: their meters are ours even if no flow uses them */
  async observe(audit: boolean, ownNumbers: ReadonlySet<number>): Promise<OvsObserved[]> {
    const state = audit || this.known === null ? await this.read(ownNumbers) : this.known;
    return [...state.values()];
  }

  /** Steps on meters and flows. Meters come first, and are deleted last: a flow can't be without its meter. */
  async apply(
    steps: readonly Step<OvsSpec>[],
    ownNumbers: ReadonlySet<number>,
    witness: MeterWitness,
  ): Promise<StepResult[]> {
    const state = this.known ?? (await this.read(ownNumbers));
    const ofMeters = (wanted: readonly Step<OvsSpec>[]) => this.applyMeters(wanted, state, witness);
    try {
      return [
        ...(await ofMeters(steps.filter(isMeterPut))),
        ...(await this.applyFlows(steps.filter(isAboutFlows), state)),
        ...(await ofMeters(steps.filter(isMeterDeletion))),
      ];
    } catch (error) {
      this.known = null; // what of it was done is not known
      throw error;
    }
  }

  async readCounters(): Promise<BridgeCounters> {
    const [ports, meters] = await Promise.all([
      readPortStats(this.connection),
      readMeterStats(this.connection),
    ]);
    return {
      ports: new Map(ports.map((stats) => [stats.port, stats])),
      meters: new Map(meters.map((stats) => [stats.id, stats])),
    };
  }

  close(): void {
    this.connection.close();
  }

  /** What is read while others change it is not remembered. */
  private async read(ownNumbers: ReadonlySet<number>): Promise<BridgeState> {
    const { foreignChanges } = this;
    const [flows, meters] = await Promise.all([
      readFlows(this.connection, COOKIE_OF_OURS),
      readMeters(this.connection),
    ]);
    const state = stateOf(this.name, flows, meters, ownNumbers, this.known ?? new Map());
    this.known = foreignChanges === this.foreignChanges ? new Map(state) : null;
    return state;
  }

  private async applyMeters(
    steps: readonly Step<OvsSpec>[],
    state: BridgeState,
    witness: MeterWitness,
  ): Promise<StepResult[]> {
    if (steps.length === 0) return [];
    const isNew = !steps.some(({ key }) => state.has(key));
    witness.beforeChange(isNew ? [] : await readMeterStats(this.connection));
    const restarted: number[] = [];
    try {
      const results = await applyMeterSteps(this.connection, steps, (key) => state.has(key));
      this.remember(steps, results);
      restarted.push(...steps.filter((_, i) => results[i]!.ok).map(meterIdIn));
      return results;
    } finally {
      witness.afterChange(restarted);
    }
  }

  private async applyFlows(steps: readonly Step<OvsSpec>[], state: BridgeState): Promise<StepResult[]> {
    const specOf = (key: string) => state.get(key)?.spec as FlowsSpec | undefined;
    const results = await applyFlowSteps(this.connection, steps, specOf);
    this.remember(steps, results);
    return results;
  }

  private remember(steps: readonly Step<OvsSpec>[], results: readonly StepResult[]): void {
    const done = new Set(results.filter(({ ok }) => ok).map(({ key }) => key));
    for (const step of steps.filter(({ key }) => done.has(key))) {
      if (step.verb === 'delete') this.known?.delete(step.key);
      else this.known?.set(step.key, observedOnBridge(step.key, step.to.spec as MeterSpec | FlowsSpec));
    }
  }

  private portChanged(reason: 'add' | 'delete' | 'modify', port: number): void {
    if (reason === 'modify') return;
    if (reason === 'add') this.presentPorts.add(port);
    else this.presentPorts.delete(port);
    this.events.portChanged(port);
  }

  /** @param cookie null: changes have been left out, so it may have been ours */
  private flowChanged(cookie: bigint | null): void {
    if (cookie !== null && !ownerOfCookie(cookie)) return;
    this.foreignChanges += 1;
    this.known = null;
    this.events.flowsChanged();
  }
}

const kindOf = (step: Step<OvsSpec>) => (step.verb === 'delete' ? step.from : step.to).spec.kind;
const isAboutFlows = (step: Step<OvsSpec>) => kindOf(step) === 'flows';
const isMeterPut = (step: Step<OvsSpec>) => kindOf(step) === 'meter' && step.verb !== 'delete';
const isMeterDeletion = (step: Step<OvsSpec>) => kindOf(step) === 'meter' && step.verb === 'delete';
