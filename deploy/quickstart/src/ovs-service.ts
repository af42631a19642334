/** OVS-DPDK as a service: the starter (dataplane/ovs-dpdk) starts the two daemons, this starts them again when they die. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  startOvs,
  type DaemonExit,
  type OvsInstance,
  type StartOvsOptions,
} from '../../../dataplane/ovs-dpdk/src';
import type { OnIncident, Service } from './service';

const RESTART_PAUSE_MS = { first: 100, longest: 5000 };

export class OvsService implements Service {
  readonly name = 'OVS-DPDK';
  readonly logFile: string;
  private instance: OvsInstance | null = null;
  private isWanted = false;
  private restarting = Promise.resolve();

  constructor(
    private readonly options: Omit<StartOvsOptions, 'onExit'>,
    private readonly onIncident: OnIncident,
  ) {
    this.logFile = join(options.runDir, 'ovs-vswitchd.log');
  }

  get pids(): readonly number[] {
    if (!this.instance) return [];
    const { ovsdbServer, vswitchd } = this.instance.pids;
    return vswitchd === null ? [ovsdbServer] : [ovsdbServer, vswitchd];
  }

  /** @throws Error when it isn't running */
  get running(): OvsInstance {
    if (!this.instance) throw new Error('OVS-DPDK is not running');
    return this.instance;
  }

  async start(): Promise<void> {
    this.isWanted = true;
    this.instance ??= await startOvs({
      ...this.options,
      onExit: (daemon, exit) => this.recover(daemon, exit),
    });
  }

  async stop(): Promise<void> {
    this.isWanted = false;
    await this.restarting;
    await this.instance?.stop();
    this.instance = null;
  }

  private recover(daemon: 'ovsdb-server' | 'ovs-vswitchd', { code, signal }: DaemonExit): void {
    this.onIncident(
      `${daemon} ended with ${signal ?? `code ${code}`}; its log is ${this.options.runDir}/${daemon}.log`,
    );
    this.restarting = this.restarting.then(() => this.restart());
  }

  /** What still runs is left alone: vswitchd forwards while its database is away. */
  private async restart(): Promise<void> {
    let pauseMs = RESTART_PAUSE_MS.first;
    while (this.isWanted) {
      await pause(pauseMs);
      try {
        await this.instance?.startOvsdbServer();
        await this.instance?.startVswitchd();
        return;
      } catch (error) {
        this.onIncident((error as Error).message);
        pauseMs = Math.min(pauseMs * 2, RESTART_PAUSE_MS.longest);
      }
    }
  }
}
