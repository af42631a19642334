/**
 * Everything that is open towards one running Open vSwitch: its database with a replica, the watch on vswitchd, and a connection to each
 * bridge in use. When the database server or vswitchd goes, all of it is over at once (`lost`), and a new session has to be opened.
 */
import { EngineUnavailableError } from '@opendvs/dataplane';
import { ConnectionClosedError } from '@opendvs/openflow';
import { OvsdbClient, type Replica } from '@opendvs/ovsdb';
import { BridgeSession, type BridgeEvents } from './bridge-session';
import { OVS_DATABASE, type OvsTables } from './ovs-database';
import { underSignals } from './under-signals';
import { VswitchdControl } from './vswitchd-control';

export interface EngineOptions {
  /** Of ovsdb-server: `/run/openvswitch/db.sock`. */
  ovsdbSocket: string;
  /** Of vswitchd, where its pid file and the bridges' sockets are: `/run/openvswitch`. */
  runDir: string;
}

export interface SessionEvents {
  flowsChanged(bridge: string): void;
  /** vswitchd has added or dropped the port of this number. */
  portChanged(bridge: string, ofport: number): void;
  /** The connection to a bridge has ended, the engine itself being there. */
  bridgeClosed(bridge: string): void;
}

/** vswitchd may have thousands of ports to make. */
const TAKEN_OVER_WITHIN_MS = 60_000;

export class EngineSession {
  private readonly bridges = new Map<string, Promise<BridgeSession>>();
  private readonly ending = new AbortController();

  private constructor(
    private readonly options: EngineOptions,
    readonly client: OvsdbClient<OvsTables>,
    readonly replica: Replica<OvsTables>,
    private readonly control: VswitchdControl,
    private readonly events: SessionEvents,
  ) {
    void client.closed.then((reason) => this.end(`the OVSDB connection: ${reason?.message ?? 'closed'}`));
    void control.closed.then((reason) => this.end(`ovs-vswitchd: ${reason?.message ?? 'closed'}`));
  }

  /**
   * Resolves when vswitchd runs with all that the database has.
   * @throws EngineUnavailableError saying what is not there
   */
  static async open(
    options: EngineOptions,
    events: SessionEvents,
    signal: AbortSignal,
  ): Promise<EngineSession> {
    let control: VswitchdControl | null = null;
    let client: OvsdbClient<OvsTables> | null = null;
    try {
      control = await VswitchdControl.open(options.runDir, signal);
      client = await OvsdbClient.connect({ socketPath: options.ovsdbSocket, database: OVS_DATABASE, signal });
      const replica = await client.replicate();
      const session = new EngineSession(options, client, replica, control, events);
      await session.settle(signal);
      return session;
    } catch (error) {
      client?.close();
      control?.close();
      signal.throwIfAborted();
      throw new EngineUnavailableError(`Open vSwitch is not available: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  get startId(): string {
    return this.control.startId;
  }

  /** "Open vSwitch 3.1.0, DPDK 22.11.11" */
  get version(): string {
    const [root] = this.replica.rows('Open_vSwitch').values();
    const dpdk = root?.dpdk_initialized ? root.dpdk_version : null;
    return [`Open vSwitch ${this.control.version}`, ...(dpdk === null ? [] : [dpdk])].join(', ');
  }

  /** Aborted, with an EngineUnavailableError, when the session is over. */
  get lost(): AbortSignal {
    return this.ending.signal;
  }

  /** The one row of table Open_vSwitch. */
  get rootUuid(): string {
    const [uuid] = this.replica.rows('Open_vSwitch').keys();
    if (uuid === undefined)
      throw new EngineUnavailableError('the database has no Open_vSwitch row: ovs-vsctl init');
    return uuid;
  }

  /** A connection to a bridge that vswitchd has; opened when first asked for, and shared. */
  bridge(name: string): Promise<BridgeSession> {
    const known = this.bridges.get(name);
    if (known) return known;
    const events: BridgeEvents = {
      closed: () => this.bridgeClosed(name),
      flowsChanged: () => this.events.flowsChanged(name),
      portChanged: (ofport) => this.events.portChanged(name, ofport),
    };
    const opening = BridgeSession.open(this.options.runDir, name, events, this.lost);
    this.bridges.set(name, opening);
    opening.catch(() => this.bridges.delete(name)); // whoever asked has the error
    return opening;
  }

  /** Connections to those of the bridges that vswitchd has. */
  async bridgesThere(names: Iterable<string>): Promise<Map<string, BridgeSession>> {
    const opened = [...new Set(names)].map(async (name) => [name, await this.bridgeIfThere(name)] as const);
    return new Map(
      (await Promise.all(opened)).flatMap(([name, bridge]) => (bridge ? [[name, bridge] as const] : [])),
    );
  }

  /** Waits until vswitchd has taken over everything that was in the database when `next_cfg` was this. */
  async takenOver(nextCfg: number, signal: AbortSignal): Promise<void> {
    const isTakenOver = () =>
      [...this.replica.rows('Open_vSwitch').values()].some((row) => row.cur_cfg >= nextCfg);
    if (await this.waitFor(isTakenOver, TAKEN_OVER_WITHIN_MS, signal)) return;
    throw new Error(
      `ovs-vswitchd has not taken a change of its database over within ${TAKEN_OVER_WITHIN_MS / 1000} s; its log says what it is doing`,
    );
  }

  /** Waits for a condition of the database. Returns whether it came true in time. */
  async waitFor(condition: () => boolean, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    return underSignals([signal, this.lost], timeoutMs, (either) => this.replica.until(condition, either));
  }

  close(): void {
    this.end('closed by the driver');
  }

  private async bridgeIfThere(name: string): Promise<BridgeSession | null> {
    try {
      return await this.bridge(name);
    } catch (error) {
      this.lost.throwIfAborted();
      if (error instanceof ConnectionClosedError) return null;
      throw error;
    }
  }

  private async settle(signal: AbortSignal): Promise<void> {
    const transaction = this.client.begin();
    transaction.mutate('Open_vSwitch', this.rootUuid, [['next_cfg', '+=', 1]]);
    const root = transaction.select('Open_vSwitch', this.rootUuid);
    const [row] = (await this.client.transact(transaction)).rowsOf(root);
    await this.takenOver(row!.next_cfg, signal);
  }

  private bridgeClosed(name: string): void {
    this.bridges.delete(name);
    if (!this.lost.aborted) this.events.bridgeClosed(name);
  }

  private end(reason: string): void {
    if (this.lost.aborted) return;
    this.ending.abort(new EngineUnavailableError(`Open vSwitch is not available: ${reason}`));
    this.client.close();
    this.control.close();
    for (const opening of this.bridges.values()) {
      opening.then(
        (bridge) => bridge.close(),
        () => undefined, // was never open
      );
    }
    this.bridges.clear();
  }
}
