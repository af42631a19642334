/**
 * A bridge of a real ovs-vswitchd (userspace datapath, without DPDK) with three ports, in a network namespace of its own, for specs of
 * libs/openflow; and Open vSwitch's own tools to look at it from another side.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection, Flow } from '@opendvs/openflow';
import { applyBundle, applyMeterMods, connect, readMeters } from '@opendvs/openflow';
import type { OvsInstance } from '../../dataplane/ovs-dpdk/src';
import { startOvs } from '../../dataplane/ovs-dpdk/src';

export const PORTS = ['p1', 'p2', 'p3'];

export class OpenflowRig {
  readonly runDir = mkdtempSync('/tmp/openflow-');
  readonly socketPath = join(this.runDir, 'br0.mgmt');
  ovs!: OvsInstance;
  connection!: Connection;

  async start(): Promise<void> {
    this.ovs = await startOvs({ runDir: this.runDir, dpdk: null, ownNetwork: true });
    // The kernel would send router solicitations into the ports, for the tests to count.
    for (const scope of ['all', 'default'])
      this.inNetwork('sysctl', '-qw', `net.ipv6.conf.${scope}.disable_ipv6=1`);
    this.vsctl(
      'add-br',
      'br0',
      '--',
      'set',
      'bridge',
      'br0',
      'datapath_type=netdev',
      'fail_mode=secure',
      'protocols=OpenFlow14',
    );
    for (const [index, name] of PORTS.entries()) this.addPort(name, index + 1);
    for (const name of PORTS) this.inNetwork('ip', 'link', 'set', name, 'up');
    this.connection = await connect(this.socketPath);
  }

  async stop(): Promise<void> {
    this.connection?.close();
    await this.ovs?.stop();
    rmSync(this.runDir, { recursive: true, force: true });
  }

  addPort(name: string, port: number): void {
    this.vsctl(
      'add-port',
      'br0',
      name,
      '--',
      'set',
      'interface',
      name,
      'type=internal',
      `ofport_request=${port}`,
    );
  }

  vsctl(...args: string[]): string {
    return execFileSync('ovs-vsctl', [`--db=unix:${this.ovs.ovsdbSocket}`, ...args], { encoding: 'utf8' });
  }

  ofctl(command: string, ...args: string[]): string {
    const options = ['-O', 'OpenFlow14', '--no-stats', '--strict'];
    return execFileSync('ovs-ofctl', [...options, command, `unix:${this.socketPath}`, ...args], {
      encoding: 'utf8',
    });
  }

  file(name: string, content: string): string {
    const path = join(this.runDir, name);
    writeFileSync(path, content);
    return path;
  }

  /** The flows as `ovs-ofctl` shows them, in alphabetical order. */
  dumpFlows(): string[] {
    const lines = this.ofctl('dump-flows').split('\n');
    return lines
      .filter((line) => line.startsWith(' '))
      .map((line) => line.trim())
      .sort();
  }

  inNetwork(command: string, ...args: string[]): void {
    execFileSync('nsenter', [`--net=/proc/${this.ovs.pids.vswitchd}/ns/net`, command, ...args]);
  }

  /** Sends a broadcast frame through the pipeline, as if it had come from `port`, `times` times. */
  receiveBroadcast(port: number, times: number, bytes = 60): void {
    const frame = `ffffffffffff5254000000010806${'00'.repeat(bytes - 14)}`;
    for (let i = 0; i < times; i += 1)
      this.ofctl('packet-out', `in_port=${port},packet=${frame},actions=TABLE`);
  }

  async add(flows: readonly Flow[]): Promise<void> {
    await applyBundle(
      this.connection,
      flows.map((flow) => ({ command: 'add', flow })),
    );
  }

  async deleteAll(): Promise<void> {
    execFileSync('ovs-ofctl', ['-O', 'OpenFlow14', 'del-flows', `unix:${this.socketPath}`]);
    const meters = await readMeters(this.connection);
    await applyMeterMods(
      this.connection,
      meters.map((meter) => ({ command: 'delete', meter })),
    );
  }
}

/** A flow of which only what matters to the test is given. */
export const flow = (given: Partial<Flow>): Flow => ({
  table: 0,
  priority: 100,
  cookie: 0xd5n,
  match: {},
  instructions: {},
  ...given,
});

/** Collects events, and resolves as soon as those that a test waits for have come. */
export class Collector<T> {
  readonly items: T[] = [];
  private notify: () => void = () => undefined;

  readonly add = (item: T): void => {
    this.items.push(item);
    this.notify();
  };

  until(isComplete: (items: readonly T[]) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.notify = () => isComplete(this.items) && resolve();
      this.notify();
    });
  }
}
