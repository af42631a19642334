/** What can be shown without root, hugepages or Open vSwitch: all but packets. Every host's dataplane, its VMs and their traffic are computed. */
import { mkdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Item } from '@opendvs/api-client';
import { plugSimulatedVm } from '@opendvs/driver-sim';
import type { Installation, InstalledHost } from './installation';
import { Network } from './network';
import type { Progress } from './progress';
import { renderTable } from './table';

const UNICAST_PPS = 500;
const OFFERED_ARP_PPS = 5000;
const THRESHOLDS_PPS = [1000, 200];
const TOLERANCE = 0.05;
const RATES_TIMEOUT_MS = 10_000;

/** The two VMs of one host; the first sends to the second, and storms. */
interface Pair {
  host: InstalledHost;
  sender: Item<'ports'>;
  receiver: Item<'ports'>;
}

export async function simulate({ api, hosts }: Installation, progress: Progress): Promise<void> {
  const network = new Network(api);
  const group = await progress.step('Switch "demo" with port group vlan-100', async (tell) => {
    const { id: switchId } = await network.createSwitch(
      { name: 'demo' },
      hosts.map(({ id }) => id),
    );
    tell(`on ${hosts.length} simulated ${hosts.length === 1 ? 'host' : 'hosts'}`);
    return network.create('port-groups', { switchId, name: 'vlan-100', type: 'access', vlanId: 100 });
  });
  const pairs = await progress.step('Two ports and two simulated VMs on each', async (tell) => {
    const made = await Promise.all(hosts.map((host) => createPair(network, group.id, host)));
    tell(`${made.length * 2} ports connected`);
    return made;
  });
  for (const ratePps of THRESHOLDS_PPS) {
    await progress.step(
      `Threshold of ${ratePps} ARP broadcasts/s, while ${OFFERED_ARP_PPS} are offered`,
      async (tell) => {
        const startedAt = performance.now();
        await network.patch('port-groups', group.id, { broadcastSuppression: { arpBroadcast: { ratePps } } });
        const appliedMs = performance.now() - startedAt;
        await Promise.all(
          pairs.map(({ receiver }) => untilDelivered(network, receiver, UNICAST_PPS + ratePps)),
        );
        tell(`acknowledged by all after ${appliedMs.toFixed(0)} ms; every receiver counts it`);
      },
    );
  }
  await progress.step('Port group moved to VLAN 200', async (tell) => {
    const startedAt = performance.now();
    await network.patch('port-groups', group.id, { vlanId: 200 });
    tell(`acknowledged by all after ${(performance.now() - startedAt).toFixed(0)} ms`);
  });
  await showCounters(network, pairs, progress);
}

async function createPair(network: Network, portGroupId: string, host: InstalledHost): Promise<Pair> {
  const create = (name: string) =>
    network.create('ports', { name: `${host.name}-${name}`, portGroupId, hostId: host.id, vmName: name });
  const [sender, receiver] = [await create('vm1'), await create('vm2')];
  mkdirSync(host.vhostSocketDir, { recursive: true });
  await plugSimulatedVm(sender.socketPath, [
    { frameClass: 'unicast', packetsPerSecond: UNICAST_PPS, frameBytes: 200, toPortId: receiver.id },
    { frameClass: 'arpBroadcast', packetsPerSecond: OFFERED_ARP_PPS, frameBytes: 64 },
  ]);
  await plugSimulatedVm(receiver.socketPath);
  for (const { id } of [sender, receiver]) await network.untilState(id, 'connected');
  return { host, sender, receiver };
}

async function untilDelivered(
  network: Network,
  { id, name }: Item<'ports'>,
  expectedPps: number,
): Promise<void> {
  const deadline = Date.now() + RATES_TIMEOUT_MS;
  for (;;) {
    const delivered = (await network.stats(id)).rates?.txPacketsPerSecond ?? 0;
    if (Math.abs(delivered / expectedPps - 1) <= TOLERANCE) return;
    if (Date.now() > deadline)
      throw new Error(
        `${delivered.toFixed(0)} packets/s are delivered at ${name}, ${expectedPps} are expected`,
      );
    await pause(200);
  }
}

async function showCounters(network: Network, pairs: readonly Pair[], progress: Progress): Promise<void> {
  const rows = await Promise.all(
    pairs.flatMap(({ host, sender, receiver }) =>
      [sender, receiver].map(async ({ id, name }) => {
        const [{ status }, { counters }] = [await network.port(id), await network.stats(id)];
        const shown = [counters?.rxPackets, counters?.txPackets, counters?.suppressed.arpBroadcast?.packets];
        return [
          name,
          host.name,
          status.state,
          ...shown.map((value) => Math.round(value ?? 0).toLocaleString('en')),
        ];
      }),
    ),
  );
  progress.print(
    renderTable(
      ['port', 'simulated host', 'state', 'sent by the VM', 'delivered to it', 'ARP suppressed'],
      rows,
    ),
  );
}
