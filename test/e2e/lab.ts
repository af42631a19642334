/**
 * A whole OpenDVS with real VMs for one spec file: the installation of the quickstart, and guests wired through its API. Everything of it has the
 * process id in its name or lies in one folder, and is gone at the end.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Item, NewItem } from '@opendvs/api-client';
import { freePort } from '@opendvs/embedded';
import { processIdentity } from '@opendvs/host';
import { bridgeName } from '@opendvs/model';
import { eventually } from '@opendvs/testing';
import {
  destroyGuest,
  ensureGuestImage,
  ensureLibvirt,
  Guest,
  guestNames,
  type Libvirt,
} from '../../dataplane/guest/src';
import { Installation, type InstalledHost } from '../../deploy/quickstart/src/installation';
import { Network } from '../../deploy/quickstart/src/network';
import { silentProgress } from '../../deploy/quickstart/src/progress';
import type { OvsService } from '../../deploy/quickstart/src/ovs-service';

const GUEST_PREFIX = 'opendvs-e2e-';
const run = promisify(execFile);

type Counters = NonNullable<Awaited<ReturnType<Network['stats']>>['counters']>;

export interface LabGuest {
  guest: Guest;
  port: Item<'ports'>;
  /** Of eth0, without its prefix. */
  address: string;
}

export interface GuestWish {
  /** Also the port's name. */
  name: string;
  portGroup: Item<'port-groups'>;
  /** Default: the next one of 10.43.0.0/16. */
  address?: string;
  port?: Partial<NewItem<'ports'>>;
}

export class Lab {
  readonly network: Network;
  readonly host: InstalledHost;
  readonly ovs: OvsService;
  private readonly guests = new Set<Guest>();
  private addressCount = 0;

  private constructor(
    readonly runDir: string,
    readonly installation: Installation,
    private readonly libvirt: Libvirt,
    /** What died and was started again. */
    readonly incidents: readonly string[],
    readonly vswitch: Item<'switches'>,
  ) {
    this.network = new Network(installation.api);
    this.host = installation.hosts[0]!;
    this.ovs = installation.ovs!;
  }

  static async start(switchSettings: Partial<NewItem<'switches'>> = {}): Promise<Lab> {
    const runDir = mkdtempSync(join(tmpdir(), 'dvs-'));
    chmodSync(runDir, 0o755); // QEMU and PostgreSQL run as users of their own
    const libvirt = await ensureLibvirt(join(runDir, 'logs'));
    await destroyLeftGuests();
    const incidents: string[] = [];
    const installation = await Installation.create({
      runDir,
      engine: 'ovs-dpdk',
      hostNames: ['host-1'],
      httpPort: await freePort(),
      countersIntervalMs: 500,
      fsync: false,
      ownNetwork: true,
      onIncident: (line) => incidents.push(line),
    });
    try {
      await installation.start(silentProgress);
      const hostIds = installation.hosts.map(({ id }) => id);
      const vswitch = await new Network(installation.api).createSwitch(
        { name: 'lab', ...switchSettings },
        hostIds,
      );
      return new Lab(runDir, installation, libvirt, incidents, vswitch);
    } catch (error) {
      await installation.stop();
      await libvirt.stop();
      throw new Error(`the lab did not start; its files are in ${runDir}`, { cause: error });
    }
  }

  get bridge(): string {
    return bridgeName(this.vswitch.id);
  }

  createGroup(name: string, settings: Partial<NewItem<'port-groups'>>): Promise<Item<'port-groups'>> {
    return this.network.create('port-groups', { switchId: this.vswitch.id, name, ...settings });
  }

  async createPort({ name, portGroup, port }: GuestWish): Promise<Item<'ports'>> {
    return this.network.create('ports', {
      name,
      portGroupId: portGroup.id,
      hostId: this.host.id,
      ringSize: 1024,
      ...port,
    });
  }

  /** Ports and booted VMs on them, connected; all boot at once. */
  async startGuests(...wishes: GuestWish[]): Promise<LabGuest[]> {
    const ports: Item<'ports'>[] = [];
    for (const wish of wishes) ports.push(await this.createPort(wish));
    const started = await Promise.all(
      wishes.map((wish, index) => this.startGuest(ports[index]!, wish.address)),
    );
    for (const { id } of ports) await this.network.untilState(id, 'connected');
    return started;
  }

  async startGuest(port: Item<'ports'>, address = this.nextAddress()): Promise<LabGuest> {
    const guest = await Guest.start({
      name: `${GUEST_PREFIX}${process.pid}-${port.name}`,
      address: `${address}/16`,
      interfaces: [await this.network.interfaceXml(port.id)],
      mtuBytes: this.vswitch.mtuBytes,
      image: await ensureGuestImage(),
      workDir: join(this.runDir, 'guests'),
    });
    this.guests.add(guest);
    return { guest, port, address };
  }

  /** A port's counters once its VM is quiet: two readings in a row, both taken from now on, that agree. */
  async settledCounters(portId: string): Promise<Counters> {
    const since = new Date().toISOString();
    let previous = { takenAt: '', counters: '' };
    const settled = await eventually(
      'the counters of the port settle',
      async () => {
        const { takenAt, counters } = await this.network.stats(portId);
        const text = JSON.stringify(counters);
        if (!takenAt || takenAt < since || takenAt === previous.takenAt) return null;
        const hasSettled = text === previous.counters;
        previous = { takenAt, counters: text };
        return hasSettled ? counters : null;
      },
      { timeoutMs: 10_000, intervalMs: 50 },
    );
    return settled!; // eventually gives nothing falsy
  }

  /** `ovs-vsctl`, as an operator with a free hand. */
  vsctl(...args: string[]): Promise<string> {
    return this.tool('ovs-vsctl', [`--db=unix:${this.ovs.running.ovsdbSocket}`, ...args]);
  }

  /** `ovs-ofctl` on the lab's switch: `ofctl('del-flows')`. */
  ofctl(command: string, ...args: string[]): Promise<string> {
    return this.tool('ovs-ofctl', [
      '-OOpenFlow14',
      command,
      join(this.ovs.running.runDir, `${this.bridge}.mgmt`),
      ...args,
    ]);
  }

  /** Everything is as the manager wants it, read back from the engine. */
  async isInSync(): Promise<boolean> {
    const response = await this.installation.api.send('GET', `/api/v1/hosts/${this.host.id}/plan`);
    return ((await response.json()) as { inSync: boolean }).inSync;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.guests].map((guest) => guest.destroy()));
    await this.installation.stop();
    await this.libvirt.stop();
    rmSync(this.runDir, { recursive: true, force: true });
  }

  private nextAddress(): string {
    this.addressCount += 1;
    return `10.43.0.${this.addressCount}`;
  }

  private async tool(command: string, args: string[]): Promise<string> {
    const { stdout } = await run(command, args, { env: { ...process.env, ...this.ovs.running.env } });
    return stdout;
  }
}

/** Of test runs that were killed. */
async function destroyLeftGuests(): Promise<void> {
  const names = await guestNames(GUEST_PREFIX);
  const left = names.filter(
    (name) => processIdentity(Number(name.slice(GUEST_PREFIX.length).split('-')[0])) === null,
  );
  await Promise.all(left.map(destroyGuest));
}
