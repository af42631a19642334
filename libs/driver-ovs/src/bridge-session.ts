/**
 * One bridge by OpenFlow: its meters and flows, read, written and watched over one connection. What was last read or written is
 * remembered, so that an observation without audit costs nothing; anybody else's change of our flows makes it forget.
 */
import { join } from 'node:path';
import type { Step, StepResult } from '@opendvs/dataplane';
import {
  applyBundle,
  applyMeterMods,
  BundleError,
  connect,
  monitorFlows,
  monitorPorts,
  readFlows,
  readMeters,
  readMeterStats,
  readPorts,
  readPortStats,
  type Connection,
  type FlowMod,
  type Meter,
  type MeterMod,
  type MeterStats,
  type OpenFlowError,
  type PortStats,
} from '@opendvs/openflow';
import { bodiesOf, flowMods, sameBodies, specOfBodies, type FlowBodies } from './flow-set';
import {
  bridgeKey,
  flowsKey,
  meterKey,
  type FlowsSpec,
  type MeterSpec,
  type OvsObserved,
  type OvsSpec,
} from './ovs-objects';
import { COOKIE_OF_OURS, meterOf, ownerOfCookie, type FlowOwner } from './pipeline';

export interface BridgeEvents {
  /** The connection is over; the session is of no use any more. */
  closed(reason: string): void;
  /** Somebody else changed flows of ours. */
  flowsChanged(): void;
  /** The OpenFlow port of this number came or went. */
  portChanged(ofport: number): void;
}

/** Is told of meters whose counts are about to be lost. */
export interface MeterWitness {
  /** All counts, before any meter is changed or deleted. */
  beforeChange(stats: readonly MeterStats[]): void;
  /** This one counts from zero now. */
  restarted(meterId: number): void;
}

export interface BridgeCounters {
  ports: ReadonlyMap<number, PortStats>;
  meters: ReadonlyMap<number, MeterStats>;
}

const NO_FLOWS: FlowBodies = new Map();
const METER_EXISTS = 'OFPMMFC_METER_EXISTS';
const UNKNOWN_METER = 'OFPMMFC_UNKNOWN_METER';

export class BridgeSession {
  /** What of ours is on the bridge, by key; null: to be read. */
  private known: Map<string, OvsObserved> | null = null;
  private readonly presentPorts: Set<number>;

  private constructor(
    readonly name: string,
    private readonly connection: Connection,
    presentPorts: readonly number[],
    private readonly events: BridgeEvents,
  ) {
    this.presentPorts = new Set(presentPorts);
  }

  /** @throws ConnectionClosedError when vswitchd has no such bridge */
  static async open(
    runDir: string,
    name: string,
    events: BridgeEvents,
    signal: AbortSignal,
  ): Promise<BridgeSession> {
    const connection = await connect(join(runDir, `${name}.mgmt`), signal);
    const early: (() => void)[] = [];
    let session: BridgeSession | null = null;
    const whenOpen = (act: (opened: BridgeSession) => void) => {
      if (session) act(session);
      else early.push(() => act(session!));
    };
    connection.once('close', (reason) => whenOpen(() => events.closed(reason?.message ?? 'closed')));
    await monitorPorts(connection, ({ reason, port }) =>
      whenOpen((opened) => opened.portChanged(reason, port.port)),
    );
    await monitorFlows(connection, (change) =>
      whenOpen((opened) => opened.flowChanged('cookie' in change ? change.cookie : null)),
    );
    const ports = await readPorts(connection);
    session = new BridgeSession(
      name,
      connection,
      ports.map(({ port }) => port),
      events,
    );
    for (const act of early) act();
    return session;
  }

  /** Does vswitchd have the port, whatever the database says? */
  hasPort(ofport: number): boolean {
    return this.presentPorts.has(ofport);
  }

  /** Asks for the ports that there are now; news of them may be late. */
  async refreshPorts(): Promise<void> {
    const ports = await readPorts(this.connection);
    this.presentPorts.clear();
    for (const { port } of ports) this.presentPorts.add(port);
  }

  /** @param ownNumbers port numbers of our rows on the bridge: their meters are ours even if no flow uses them */
  async observe(audit: boolean, ownNumbers: ReadonlySet<number>): Promise<OvsObserved[]> {
    if (audit || this.known === null) this.known = await this.read(ownNumbers);
    return [...this.known.values()];
  }

  /**
   * Steps on meters and flows. Meters first, and deleted last: a flow can't be without its meter.
   */
  async apply(
    steps: readonly Step<OvsSpec>[],
    ownNumbers: ReadonlySet<number>,
    witness: MeterWitness,
  ): Promise<StepResult[]> {
    this.known ??= await this.read(ownNumbers);
    try {
      const [put, gone] = [steps.filter(isMeterPut), steps.filter(isMeterDeletion)];
      if (put.some(({ verb }) => verb === 'update') || gone.length > 0) {
        witness.beforeChange(await readMeterStats(this.connection));
      }
      const results = await this.applyMeters(put, witness);
      results.push(...(await this.applyFlows(steps.filter((step) => kindOf(step) === 'flows'))));
      results.push(...(await this.applyMeters(gone, witness)));
      return results;
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

  private async read(ownNumbers: ReadonlySet<number>): Promise<Map<string, OvsObserved>> {
    const [flows, meters] = await Promise.all([
      readFlows(this.connection, COOKIE_OF_OURS),
      readMeters(this.connection),
    ]);
    const bodies = new Map<string, { owner: FlowOwner; entries: [string, string][] }>();
    for (const one of flows) {
      const owner = ownerOfCookie(one.cookie);
      if (!owner) continue;
      const key = flowsKey(this.name, owner);
      const group = bodies.get(key) ?? { owner, entries: [] };
      bodies.set(key, group);
      group.entries.push([one.key, one.body]);
    }
    const objects = [...bodies].map(([key, { owner, entries }]) => this.flowsObject(key, owner, entries));
    const usedMeters = new Set(objects.flatMap(({ spec }) => metersOf(spec as FlowsSpec)));
    const ownMeters = meters.filter(({ id }) => usedMeters.has(id) || ownNumbers.has(meterOf(id).portNumber));
    return new Map(
      [...ownMeters.map((meter) => this.meterObject(meter)), ...objects].map((one) => [one.key, one]),
    );
  }

  private flowsObject(key: string, owner: FlowOwner, entries: [string, string][]): OvsObserved {
    const bodies: FlowBodies = new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
    const known = this.known?.get(key)?.spec as FlowsSpec | undefined;
    const spec =
      known && sameBodies(bodiesOf(known), bodies) ? known : specOfBodies(this.name, owner, bodies);
    return this.observed(key, spec);
  }

  private meterObject({ id, unit, bands }: Meter): OvsObserved {
    const { portNumber, kind } = meterOf(id);
    const [band] = bands;
    return this.observed(meterKey(this.name, portNumber, kind), {
      kind: 'meter',
      bridge: this.name,
      id,
      unit: unit === 'pktps' ? 'pps' : 'kbps',
      rate: bands.length === 1 ? band!.rate : 0, // ours have one band: anything else differs from every rendered one
      burst: bands.length === 1 ? band!.burst : 0,
    });
  }

  private observed(key: string, spec: MeterSpec | FlowsSpec): OvsObserved {
    const meters = spec.kind === 'flows' ? metersOf(spec) : [];
    const dependsOn = meters.map((id) => meterKey(this.name, meterOf(id).portNumber, meterOf(id).kind));
    return {
      kind: spec.kind,
      key,
      spec,
      dependsOn: [bridgeKey(this.name), ...dependsOn],
      claims: [],
      owner: null,
    };
  }

  private async applyMeters(steps: readonly Step<OvsSpec>[], witness: MeterWitness): Promise<StepResult[]> {
    const mods = steps.map((step) => this.meterMod(step));
    const errors = await applyMeterMods(this.connection, mods);
    const again = mods.flatMap((mod, i) => retryOf(mod, errors[i]!) ?? []);
    const errorsOfAgain = await applyMeterMods(this.connection, again);
    return steps.map((step, i) => {
      const { meter } = mods[i]!;
      const retried = again.findIndex((mod) => mod.meter === meter);
      const error = retried < 0 ? errors[i] : errorsOfAgain[retried];
      if (error) return failure(step.key, `meter ${meter.id} of bridge ${this.name}`, error);
      this.remember(step);
      witness.restarted(meter.id);
      return { key: step.key, ok: true };
    });
  }

  private meterMod(step: Step<OvsSpec>): MeterMod {
    if (step.verb === 'delete') return { command: 'delete', meter: { id: (step.from.spec as MeterSpec).id } };
    const { id, unit, rate, burst } = step.to.spec as MeterSpec;
    const meter: Meter = { id, unit: unit === 'pps' ? 'pktps' : 'kbps', bands: [{ rate, burst }] };
    return { command: this.known?.has(step.key) ? 'modify' : 'add', meter };
  }

  /** All flows of the batch in one bundle; what the switch refuses is left out, and the rest sent again. */
  private async applyFlows(steps: readonly Step<OvsSpec>[]): Promise<StepResult[]> {
    const results: StepResult[] = [];
    let left = steps.map((step) => ({ step, mods: this.modsOf(step) }));
    while (left.length > 0) {
      const errors = await this.bundle(left.flatMap(({ mods }) => mods));
      const failed = left.filter(({ mods }) => mods.some((mod) => errors.has(mod)));
      if (errors.size > 0 && failed.length === 0)
        throw new Error(`bridge ${this.name} refused a bundle as a whole`);
      for (const { step, mods } of failed) {
        const error = errors.get(mods.find((mod) => errors.has(mod))!)!;
        results.push(failure(step.key, `a flow of bridge ${this.name}`, error));
      }
      left = left.filter((one) => !failed.includes(one));
      if (failed.length > 0) continue;
      for (const { step } of left) this.remember(step);
      results.push(...left.map(({ step }): StepResult => ({ key: step.key, ok: true })));
      left = [];
    }
    return results;
  }

  private modsOf(step: Step<OvsSpec>): FlowMod[] {
    const before = this.known?.get(step.key)?.spec as FlowsSpec | undefined;
    return flowMods(
      before ? bodiesOf(before) : NO_FLOWS,
      step.verb === 'delete' ? null : (step.to.spec as FlowsSpec),
    );
  }

  /** @returns what was refused; empty: all of it was applied */
  private async bundle(mods: readonly FlowMod[]): Promise<Map<FlowMod, OpenFlowError>> {
    try {
      await applyBundle(this.connection, mods);
      return new Map();
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
      const named = error.failures.flatMap(({ mod, error: reason }) => (mod ? [[mod, reason] as const] : []));
      if (named.length === 0) throw error;
      return new Map(named);
    }
  }

  private remember(step: Step<OvsSpec>): void {
    if (step.verb === 'delete') this.known?.delete(step.key);
    else this.known?.set(step.key, this.observed(step.key, step.to.spec as MeterSpec | FlowsSpec));
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
    this.known = null;
    this.events.flowsChanged();
  }
}

const kindOf = (step: Step<OvsSpec>) => (step.verb === 'delete' ? step.from : step.to).spec.kind;
const isMeterPut = (step: Step<OvsSpec>) => kindOf(step) === 'meter' && step.verb !== 'delete';
const isMeterDeletion = (step: Step<OvsSpec>) => kindOf(step) === 'meter' && step.verb === 'delete';

function metersOf({ flows }: FlowsSpec): number[] {
  return flows.flatMap(({ instructions }) => instructions.meter ?? []);
}

/** What we remembered was wrong: a meter that is there already is changed, one that isn't is made. */
function retryOf(mod: MeterMod, error: OpenFlowError | null): MeterMod | null {
  if (error?.errorName === METER_EXISTS && mod.command === 'add')
    return { command: 'modify', meter: mod.meter };
  if (error?.errorName === UNKNOWN_METER && mod.command === 'modify')
    return { command: 'add', meter: mod.meter };
  return null;
}

function failure(key: string, what: string, { errorName }: OpenFlowError): StepResult {
  return {
    key,
    ok: false,
    error: `${what} was refused by Open vSwitch: ${errorName}; see ovs-vswitchd's log for the reason`,
  };
}
