/** One real OVS-DPDK in a network of its own, with NICs, VMs' ends of vhost-user ports, and Open vSwitch's own tools to meddle with. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { vhostSocketPath } from '@opendvs/model';
import type { HostDesired } from '@opendvs/dataplane';
import { OvsDriver } from '@opendvs/driver-ovs';
import { executePlan, planSteps } from '@opendvs/reconciler';
import { startOvs, type OvsInstance, type StartOvsOptions } from '../../dataplane/ovs-dpdk/src';
import { startTestpmdGuest, type TestpmdGuest, type TestpmdGuestOptions } from '../../dataplane/traffic/src';

const run = promisify(execFile);

/** Short: sockets in it have paths of 107 bytes at most. */
const FOLDER_PREFIX = '/tmp/opendvs-ovs-';

export class OvsRig {
  private readonly guests = new Map<string, TestpmdGuest>();

  private constructor(
    readonly folder: string,
    readonly ovs: OvsInstance,
  ) {}

  static async start(options: Partial<StartOvsOptions> = {}): Promise<OvsRig> {
    const folder = mkdtempSync(FOLDER_PREFIX);
    const ovs = await startOvs({
      runDir: folder,
      dpdk: { lcoreMask: '0x1', pmdCpuMask: '0x2', socketMemMib: 512, extra: '--no-pci' },
      pmdMaxSleepUs: 250,
      ownNetwork: true,
      ...options,
    });
    return new OvsRig(folder, ovs);
  }

  newDriver(countersFile: string | null = join(this.folder, 'counters.json')): OvsDriver {
    return new OvsDriver({ ovsdbSocket: this.ovs.ovsdbSocket, runDir: this.folder, countersFile });
  }

  /** Brings the engine to `desired` as the reconciler does; gives the errors of what failed, by key. */
  async converge(driver: OvsDriver, desired: HostDesired): Promise<Record<string, string>> {
    const signal = AbortSignal.timeout(30_000);
    const observed = await driver.observe({ audit: true }, signal);
    const plan = planSteps(
      driver.render(desired),
      observed,
      (from, to) => driver.changeMode(from, to),
      driver.validate(desired),
    );
    const { failures } = await executePlan(plan, driver, signal);
    return Object.fromEntries(failures.map(({ planned, error }) => [planned.step.key, error]));
  }

  /** A veth pair in the instance's network: `name` for the switch, `<name>p` for the wire. */
  async addNic(name: string): Promise<void> {
    await this.inNetwork('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
    for (const end of [name, `${name}p`]) await this.inNetwork('ip', 'link', 'set', end, 'up');
  }

  async inNetwork(command: string, ...args: string[]): Promise<string> {
    const { stdout } = await run('nsenter', [
      `--net=/proc/${this.ovs.pids.ovsdbServer}/ns/net`,
      command,
      ...args,
    ]);
    return stdout;
  }

  vsctl(...args: string[]): Promise<string> {
    return this.tool('ovs-vsctl', `--db=unix:${this.ovs.ovsdbSocket}`, '--timeout=10', ...args);
  }

  ofctl(...args: string[]): Promise<string> {
    return this.tool('ovs-ofctl', '-O', 'OpenFlow14', ...args);
  }

  appctl(...args: string[]): Promise<string> {
    return this.tool('ovs-appctl', ...args);
  }

  /** A VM on the port, or with `frames`, one that can send them. */
  async connectGuest(portId: string, options: Partial<TestpmdGuestOptions> = {}): Promise<TestpmdGuest> {
    const guest = await startTestpmdGuest({
      socketPath: vhostSocketPath(this.folder, portId),
      mac: '02:00:00:00:00:01',
      memoryMib: 64,
      ...options,
    });
    this.guests.set(portId, guest);
    return guest;
  }

  async disconnectGuest(portId: string): Promise<void> {
    await this.guests.get(portId)?.close();
    this.guests.delete(portId);
    const socket = vhostSocketPath(this.folder, portId);
    if (existsSync(socket)) rmSync(socket);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.guests.keys()].map((portId) => this.disconnectGuest(portId)));
    await this.ovs.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async tool(command: string, ...args: string[]): Promise<string> {
    const { stdout } = await run(command, args, { env: { ...process.env, ...this.ovs.env } });
    return stdout;
  }
}
