/**
 * Starts one instance of Open vSwitch by hand, for machines and tests where no init system does: database, ovsdb-server,
 * vswitchd, and returns once vswitchd says that it (and DPDK) runs.
 */
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { JsonRpcConnection, OvsdbClient, OvsdbConnectionError, type Replica } from '@opendvs/ovsdb';
import {
  inNetworkOf,
  inNewNetwork,
  ovsdbServerCommand,
  ovsdbSocketOf,
  vswitchdCommand,
  vswitchdLogOf,
  type Command,
} from './commands';
import { Daemon, type DaemonExit } from './daemon';
import {
  configureEngine,
  ENGINE_DATABASE,
  prepareInstance,
  type EngineSettings,
  type EngineTables,
} from './database';
import { checkDpdkPrerequisites, type DpdkSettings } from './prerequisites';

export interface StartOvsOptions {
  /** Absolute; made when missing. Short: the longest socket in it is `<runDir>/<bridge>.mgmt`, 107 bytes at most. */
  runDir: string;
  /** Default `<runDir>/conf.db`; kept from start to start. */
  databaseFile?: string;
  /** `null`: the userspace datapath without DPDK (taps, veths, no vhost-user). */
  dpdk: DpdkSettings | null;
  /** Default 0, polling threads never sleep. 250 keeps a test machine usable. */
  pmdMaxSleepUs?: number;
  otherConfig?: Record<string, string>;
  /**
   * Runs the instance in a network namespace of its own. There can be one userspace datapath in each: all call a device of theirs
   * `ovs-netdev`. NICs get there by `ip link set <nic> netns <pid>` with any pid of the instance, sockets are files and not
   * concerned. Default false: NICs are those of the machine.
   */
  ownNetwork?: boolean;
  /** Ends the start, and later the instance. */
  signal?: AbortSignal;
  onLog?: (line: string) => void;
  /** A daemon ended without `stop` having been called. */
  onExit?: (daemon: 'ovsdb-server' | 'ovs-vswitchd', exit: DaemonExit) => void;
}

export interface OvsInstance {
  readonly ovsdbSocket: string;
  readonly runDir: string;
  /** `OVS_RUNDIR` and the like, for tools run beside it. */
  readonly env: Readonly<Record<string, string>>;
  /** Of the daemons; `vswitchd` null while it is stopped. */
  readonly pids: { ovsdbServer: number; vswitchd: number | null };
  /** "Open vSwitch 3.1.0, DPDK 22.11.11" */
  readonly version: string;
  /** After it died. vswitchd, if it runs, forwards meanwhile as before, and connects again by itself. */
  startOvsdbServer(): Promise<void>;
  stopVswitchd(): Promise<void>;
  /** Returns once it runs as configured. */
  startVswitchd(): Promise<void>;
  stop(): Promise<void>;
}

const START_DEADLINE_MS = 30_000;
const CONNECT_RETRY_MS = 10;
const SUN_PATH_BYTES_MAX = 107;
const LONGEST_SOCKET_NAME = 'ovs-vswitchd.4194304.ctl';

/** @throws Error (also OvsPrerequisiteError) saying what is wrong and what to do; nothing is left running then. */
export async function startOvs(options: StartOvsOptions): Promise<OvsInstance> {
  checkRunDir(options.runDir);
  if (options.dpdk) checkDpdkPrerequisites(options.dpdk);
  await refuseSecondInstance(options.runDir);
  await prepareInstance(options, options.dpdk !== null);
  const instance = new Instance(options);
  try {
    await instance.start();
  } catch (error) {
    await instance.stop();
    throw error;
  }
  return instance;
}

class Instance implements OvsInstance {
  readonly ovsdbSocket: string;
  readonly runDir: string;
  readonly env: Readonly<Record<string, string>>;
  version = '';
  private ovsdbServer: Daemon | null = null;
  private vswitchd: Daemon | null = null;
  private isStopping = false;
  private readonly settings: EngineSettings;

  constructor(private readonly options: StartOvsOptions) {
    this.runDir = options.runDir;
    this.ovsdbSocket = ovsdbSocketOf(options.runDir);
    this.env = ovsdbServerCommand(options).env;
    this.settings = {
      dpdk: options.dpdk,
      pmdMaxSleepUs: options.pmdMaxSleepUs ?? 0,
      otherConfig: options.otherConfig ?? {},
    };
    options.signal?.addEventListener('abort', () => void this.stop(), { once: true });
  }

  get pids(): OvsInstance['pids'] {
    return { ovsdbServer: this.ovsdbServer!.pid, vswitchd: this.vswitchd?.pid ?? null };
  }

  async start(): Promise<void> {
    await this.startOvsdbServer();
    await this.startVswitchd();
  }

  async startOvsdbServer(): Promise<void> {
    if (this.ovsdbServer?.isRunning) return;
    this.ovsdbServer = await this.startDaemon('ovsdb-server');
    (await this.connectDatabase(this.startDeadline())).close();
  }

  async startVswitchd(): Promise<void> {
    if (this.vswitchd?.isRunning) return;
    const deadline = this.startDeadline();
    const client = await this.connectDatabase(deadline);
    try {
      await configureEngine(client, this.settings);
      const replica = await client.replicate();
      this.vswitchd = await this.startDaemon('ovs-vswitchd');
      await this.untilConfigured(replica, this.vswitchd, deadline);
      this.version = versionOf(replica);
      this.log(`${this.version} runs in ${this.runDir}`);
    } finally {
      client.close();
    }
  }

  async stopVswitchd(): Promise<void> {
    const daemon = this.vswitchd;
    this.vswitchd = null;
    await daemon?.stop();
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.stopVswitchd();
    await this.ovsdbServer?.stop();
  }

  private async startDaemon(name: 'ovsdb-server' | 'ovs-vswitchd'): Promise<Daemon> {
    this.log(`starting ${name}`);
    const daemon = await Daemon.start(name, this.commandOf(name), join(this.runDir, `${name}.out`));
    void daemon.exited.then((exit) => {
      const isWanted = this.isStopping || (name === 'ovs-vswitchd' && this.vswitchd !== daemon);
      if (!isWanted) this.options.onExit?.(name, exit);
    });
    return daemon;
  }

  private startDeadline(): AbortSignal {
    const timeout = AbortSignal.timeout(START_DEADLINE_MS);
    return this.options.signal ? AbortSignal.any([timeout, this.options.signal]) : timeout;
  }

  /** A network of our own lasts as long as either daemon runs, through restarts of the other. */
  private commandOf(name: 'ovsdb-server' | 'ovs-vswitchd'): Command {
    const isServer = name === 'ovsdb-server';
    const command = isServer ? ovsdbServerCommand(this.options) : vswitchdCommand(this.options);
    if (!this.options.ownNetwork) return command;
    const peer = isServer ? this.vswitchd : this.ovsdbServer;
    return peer?.isRunning ? inNetworkOf(peer.pid, command) : inNewNetwork(command);
  }

  /** ovsdb-server listens some milliseconds after its start. */
  private async connectDatabase(deadline: AbortSignal): Promise<OvsdbClient<EngineTables>> {
    for (;;) {
      try {
        return await OvsdbClient.connect({
          socketPath: this.ovsdbSocket,
          database: ENGINE_DATABASE,
          signal: deadline,
        });
      } catch (error) {
        const mayCome =
          error instanceof OvsdbConnectionError && this.ovsdbServer!.isRunning && !deadline.aborted;
        if (!mayCome)
          throw new Error(`ovsdb-server did not start: ${lastLines(join(this.runDir, 'ovsdb-server.log'))}`, {
            cause: error,
          });
        await delay(CONNECT_RETRY_MS);
      }
    }
  }

  private async untilConfigured(
    replica: Replica<EngineTables>,
    daemon: Daemon,
    deadline: AbortSignal,
  ): Promise<void> {
    const died = new AbortController();
    void daemon.exited.then(() => died.abort());
    try {
      await replica.until(
        () => isConfigured(replica, this.settings.dpdk !== null),
        AbortSignal.any([deadline, died.signal]),
      );
    } catch (error) {
      const what = died.signal.aborted
        ? 'ended while starting'
        : `was not ready within ${START_DEADLINE_MS / 1000} s`;
      throw new Error(
        `ovs-vswitchd ${what}; its log ${vswitchdLogOf(this.runDir)} ends with:\n${lastLines(vswitchdLogOf(this.runDir))}`,
        {
          cause: error,
        },
      );
    }
  }

  private log(line: string): void {
    this.options.onLog?.(line);
  }
}

/** Two instances in one run directory would fight over its files; the second daemon would only say so in its log. */
async function refuseSecondInstance(runDir: string): Promise<void> {
  const socketPath = ovsdbSocketOf(runDir);
  const other = await JsonRpcConnection.connect({ socketPath }).catch((error: unknown) => {
    if (error instanceof OvsdbConnectionError) return null; // nothing answers: as it should be
    throw error;
  });
  if (!other) return;
  other.close();
  throw new Error(
    `an ovsdb-server already answers at ${socketPath}: stop it, or choose another run directory`,
  );
}

function isConfigured(replica: Replica<EngineTables>, withDpdk: boolean): boolean {
  const [row] = replica.rows('Open_vSwitch').values();
  return row !== undefined && row.cur_cfg >= row.next_cfg && (row.dpdk_initialized || !withDpdk);
}

function versionOf(replica: Replica<EngineTables>): string {
  const [row] = replica.rows('Open_vSwitch').values();
  const dpdk = row?.dpdk_initialized ? row.dpdk_version?.replace(/^DPDK /, ', DPDK ') : '';
  return `Open vSwitch ${row?.ovs_version ?? 'of unknown version'}${dpdk ?? ''}`;
}

function checkRunDir(runDir: string): void {
  if (!isAbsolute(runDir)) throw new Error(`the run directory "${runDir}" must be an absolute path`);
  const longest = Buffer.byteLength(join(runDir, LONGEST_SOCKET_NAME));
  if (longest > SUN_PATH_BYTES_MAX) {
    throw new Error(
      `sockets in ${runDir} would have paths of ${longest} bytes, ${SUN_PATH_BYTES_MAX} are possible: use a shorter run directory`,
    );
  }
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
  } catch (error) {
    return `(cannot read ${file}: ${(error as Error).message})`;
  }
}
