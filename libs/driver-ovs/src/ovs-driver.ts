/**
 * The driver of Open vSwitch with DPDK. Bridges, ports and uplinks live in OVSDB and survive vswitchd; meters and flows live in
 * vswitchd and go with it. The replica of the database is always current, so only meters and flows are ever read back.
 */
import type {
  BackendObject,
  Batch,
  DataplaneDriver,
  DriverDescription,
  DriverEvent,
  HostDesired,
  LivePort,
  ObservedObject,
  Problem,
  StepResult,
} from '@opendvs/dataplane';
import type { PortCounters } from '@opendvs/model';
import { applyToBridges } from './apply-to-bridges';
import { ledgerOfBridge, recordCounters } from './counters';
import { CountersLedger } from './counters-ledger';
import type { BridgeSession } from './bridge-session';
import { applyToDatabase } from './database-apply';
import { isDatabaseStep, type DatabaseStep } from './database-batch';
import { EngineLink } from './engine-link';
import type { EngineOptions, EngineSession } from './engine-session';
import { EngineWatch } from './engine-watch';
import { EventQueue } from './event-queue';
import { livePort } from './live-ports';
import { checkPresence, isLost, Revivals } from './lost-ports';
import type { ObservedPort } from './observe-database';
import { observeEngine } from './observe-engine';
import type { OvsSpec, PortSpec } from './ovs-objects';
import { OvsRenderer } from './render';
import { OVS_CAPABILITIES, validateForOvs } from './validate';

export interface OvsDriverOptions extends EngineOptions {
  /** Keeps counters that Open vSwitch forgets; null: nowhere, and every start of the agent begins new epochs. */
  countersFile: string | null;
}

export class OvsDriver implements DataplaneDriver<OvsSpec> {
  private readonly queue = new EventQueue<DriverEvent>();
  private readonly renderer = new OvsRenderer();
  private readonly revivals = new Revivals();
  private readonly ledger: CountersLedger;
  private readonly watch: EngineWatch;
  private readonly link: EngineLink;

  constructor(options: OvsDriverOptions) {
    const tell = (event: DriverEvent) => this.queue.push(event);
    this.ledger = new CountersLedger(options.countersFile);
    this.watch = new EngineWatch(this.ledger, tell);
    this.link = new EngineLink(options, {
      opened: ({ startId, replica }) => {
        this.ledger.begin(startId);
        this.watch.begin(replica);
      },
      lost: (reason) => tell({ type: 'engine-lost', reason }),
      restarted: () => tell({ type: 'engine-restarted' }),
      flowsChanged: (bridge) => tell({ type: 'drift', what: `flows of bridge ${bridge}` }),
      bridgeClosed: (bridge) => this.watch.bridgeClosed(bridge),
      portChanged: (bridge, ofport) => this.watch.portChanged(bridge, ofport),
    });
  }

  async open(signal: AbortSignal): Promise<DriverDescription> {
    const { version } = await this.link.open(signal);
    return { engine: 'ovs-dpdk', engineVersion: version, capabilities: OVS_CAPABILITIES };
  }

  validate(desired: HostDesired): Problem[] {
    return validateForOvs(desired);
  }

  render(desired: HostDesired): BackendObject<OvsSpec>[] {
    return this.renderer.render(desired);
  }

  observe({ audit }: { audit: boolean }, signal: AbortSignal): Promise<ObservedObject<OvsSpec>[]> {
    return this.link.use(signal, async (session) => {
      if (audit) await session.client.sync();
      const database = this.watch.database();
      this.watch.seen(database);
      return observeEngine(session, database, audit);
    });
  }

  /** A port that moves, or whose socket or number is another, is another port to Open vSwitch; all else can be changed. */
  changeMode(from: ObservedObject<OvsSpec>, to: BackendObject<OvsSpec>): 'in-place' | 'recreate' {
    if (from.spec.kind !== 'port' || to.spec.kind !== 'port') return 'in-place';
    return identityOf(from.spec) === identityOf(to.spec) ? 'in-place' : 'recreate';
  }

  apply(batch: Batch<OvsSpec>, signal: AbortSignal): Promise<StepResult[]> {
    return this.link.use(signal, async (session) => {
      const inDatabase = batch.filter(isDatabaseStep);
      const onBridges = batch.filter((step) => !isDatabaseStep(step));
      const keys = new Set(batch.map(({ key }) => key));
      return this.watch.during(keys, () =>
        allOf([this.applyToDatabase(session, inDatabase, signal), this.applyToBridges(session, onBridges)]),
      );
    });
  }

  events(signal: AbortSignal): AsyncIterable<DriverEvent> {
    return this.queue.consume(signal);
  }

  readPorts(signal: AbortSignal): Promise<LivePort[]> {
    return this.link.use(signal, async (session) => {
      const bridges = await session.bridgesThere(this.watch.vmPorts().map(({ port }) => port.bridge.name));
      return this.watch.vmPorts().map(({ portId, port }) => {
        const bridge = bridges.get(port.bridge.name);
        const lost = bridge !== undefined && isLost(port, bridge);
        return livePort(portId, port, lost, this.ledger.vhostConnects(portId));
      });
    });
  }

  readCounters(signal: AbortSignal): Promise<PortCounters[]> {
    return this.link.use(signal, async (session) => {
      const ports = this.watch
        .vmPorts()
        .map((one) => ({ ...one, connects: this.ledger.vhostConnects(one.portId) }));
      const { meterTime } = this.ledger;
      const bridges = await session.bridgesThere(ports.map(({ port }) => port.bridge.name));
      const read = [...bridges].map(async ([name, bridge]) => [name, await bridge.readCounters()] as const);
      const counters = new Map(await Promise.all(read));
      const recorded = recordCounters(ports, (bridge) => counters.get(bridge), meterTime, this.ledger);
      this.ledger.retain(new Set(ports.map(({ portId }) => portId)));
      this.ledger.save();
      return recorded;
    });
  }

  async close(): Promise<void> {
    this.link.close();
  }

  private async applyToDatabase(
    session: EngineSession,
    steps: readonly DatabaseStep[],
    signal: AbortSignal,
  ): Promise<StepResult[]> {
    const { tried, held } = this.revivals.admit(steps);
    if (tried.length === 0) return held;
    const results = await applyToDatabase(session, tried, () => this.watch.database(), signal);
    const { ports } = this.watch.database();
    const touched = tried.flatMap(({ key }) => ports.get(key) ?? []);
    const bridges = await session.bridgesThere(touched.map(({ bridge }) => bridge.name));
    await Promise.all([...bridges.values()].map((bridge) => refreshPorts(bridge, touched)));
    return [...checkPresence(results, ports, bridges), ...held];
  }

  private applyToBridges(session: EngineSession, steps: Batch<OvsSpec>): Promise<StepResult[]> {
    const numbers = new Map(
      this.watch
        .vmPorts()
        .map(({ portId, port }) => [`${port.bridge.name}/${port.interfaces[0]!.ofport_request}`, portId]),
    );
    return applyToBridges(session, steps, this.watch.database(), (bridge) =>
      ledgerOfBridge(this.ledger, (number) => numbers.get(`${bridge}/${number}`)),
    );
  }
}

/** Waits for all of the work, also when some of it fails. */
async function allOf(work: Promise<StepResult[]>[]): Promise<StepResult[]> {
  await Promise.allSettled(work);
  return (await Promise.all(work)).flat();
}

/** Asks a bridge which ports it has, and switches on the NICs among those that have just been made or changed. */
async function refreshPorts(bridge: BridgeSession, touched: readonly ObservedPort[]): Promise<void> {
  const present = await bridge.refreshPorts();
  const nics = touched.filter((port) => port.bridge.name === bridge.name && port.object.kind === 'uplink');
  const numbers = new Set(nics.flatMap(({ interfaces }) => interfaces.map(({ ofport }) => ofport)));
  await bridge.switchOn(present.filter(({ port }) => numbers.has(port)));
}

/** What can't be changed of a vhost-user port while it lives. */
function identityOf({ bridge, name, interfaces }: PortSpec): string {
  const [one] = interfaces;
  return JSON.stringify([bridge, name, one?.name, one?.type, one?.options, one?.ofportRequest]);
}
