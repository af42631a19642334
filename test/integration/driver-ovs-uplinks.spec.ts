/**
 * @needs root hugepages
 * Uplinks with packets: two switches on one real OVS-DPDK, wired to one another by veth pairs as two hosts are by cables. What one
 * VM sends leaves its switch tagged, crosses the wire, and reaches the VMs of the same VLAN on the other.
 */
import type { HostDesired } from '@opendvs/dataplane';
import type { OvsDriver } from '@opendvs/driver-ovs';
import type { UplinkGroup } from '@opendvs/model';
import { aHostDesired, anUplinkGroup, aPort, aPortGroup, aSwitch, eventually } from '@opendvs/testing';
import { BROADCAST_MAC, frame, type TestpmdGuest } from '../../dataplane/traffic/src';
import { OvsRig } from './driver-ovs-rig';

const [here, there] = [aSwitch(), aSwitch()];
const groups = {
  here: aPortGroup(here, { vlan: { type: 'access', vlanId: 100 } }),
  same: aPortGroup(there, { vlan: { type: 'access', vlanId: 100 } }),
  other: aPortGroup(there, { vlan: { type: 'access', vlanId: 200 } }),
};
const ports = { sender: aPort(groups.here), neighbour: aPort(groups.same), stranger: aPort(groups.other) };
const FAILOVER_WITHIN_MS = 10_000;

describe('uplinks of real OVS-DPDK', () => {
  let rig: OvsRig;
  let driver: OvsDriver;
  let sender: TestpmdGuest, neighbour: TestpmdGuest, stranger: TestpmdGuest;

  beforeAll(async () => {
    rig = await OvsRig.start();
    for (const nic of ['up0', 'up1']) await rig.addNic(nic);
    driver = rig.newDriver();
    await driver.open(AbortSignal.timeout(30_000));
    await wire(single('up0'), single('up0p'));
    const storm = frame({ source: ports.sender.macAddress, destination: BROADCAST_MAC });
    sender = await rig.connectGuest(ports.sender.id, { mac: ports.sender.macAddress, frames: [storm] });
    neighbour = await rig.connectGuest(ports.neighbour.id, { mac: ports.neighbour.macAddress });
    stranger = await rig.connectGuest(ports.stranger.id, { mac: ports.stranger.macAddress });
  }, 90_000);
  afterAll(async () => {
    await driver?.close();
    await rig?.stop();
  }, 30_000);
  afterEach(() => sender.stopSending());

  const single = (name: string) => anUplinkGroup([{ kernelName: name }]);
  const bond = (names: readonly string[], said: Partial<UplinkGroup>) =>
    anUplinkGroup(
      names.map((kernelName) => ({ kernelName })),
      said,
    );

  async function wire(uplinkHere: UplinkGroup, uplinkThere: UplinkGroup): Promise<void> {
    const desired: HostDesired = aHostDesired({
      host: { engine: 'ovs-dpdk', vhostSocketDir: rig.folder },
      switches: [here, there],
      portGroups: Object.values(groups),
      ports: Object.values(ports),
      uplinks: { [here.id]: uplinkHere, [there.id]: uplinkThere },
    });
    expect(await rig.converge(driver, desired)).toEqual({});
  }

  /** Of the storm, some frame arrives that had not been sent when this was called. */
  async function expectArrival(timeoutMs: number): Promise<void> {
    await sender.startSending();
    const { rxPackets } = await neighbour.counters();
    await eventually(
      'frames arrive over the wire',
      async () => (await neighbour.counters()).rxPackets > rxPackets + 100,
      { timeoutMs },
    );
  }

  async function expectFailover(nic: string): Promise<void> {
    await expectArrival(FAILOVER_WITHIN_MS);
    await rig.inNetwork('ip', 'link', 'set', nic, 'down');
    try {
      await expectArrival(FAILOVER_WITHIN_MS);
    } finally {
      await rig.inNetwork('ip', 'link', 'set', nic, 'up');
    }
  }

  it('carry a VLAN tagged to the same VLAN of another switch, and to no other', async () => {
    await expectArrival(5000);
    const onTheWire = await rig.inNetwork('tcpdump', '-i', 'up0', '-c', '3', '-e', '-nn', '--immediate-mode');
    expect(onTheWire.match(/ethertype 802\.1Q \(0x8100\), length \d+: vlan 100,/g)).toHaveLength(3);
    expect((await stranger.counters()).rxPackets).toBe(0);
  }, 30_000);

  it('as an active-backup bond go over to the other NIC when the primary loses its link', async () => {
    await wire(
      bond(['up0', 'up1'], { bondMode: 'active-backup', primary: 'up0' }),
      bond(['up0p', 'up1p'], { bondMode: 'active-backup', primary: 'up0p' }),
    );
    expect(await rig.appctl('bond/show')).toMatch(/active-backup primary: up0/);
    await expectFailover('up0');
  }, 60_000);

  it('as an LACP bond negotiate with the other end, and go on when a link is lost', async () => {
    const lacp = (mode: 'active' | 'passive') =>
      ({ bondMode: 'lacp', lacp: { mode, rate: 'fast' } }) satisfies Partial<UplinkGroup>;
    await wire(bond(['up0', 'up1'], lacp('active')), bond(['up0p', 'up1p'], lacp('passive')));
    await eventually(
      'LACP has been negotiated',
      async () => (await rig.appctl('lacp/show')).match(/status: (active|passive) negotiated/g)?.length === 2,
      { timeoutMs: 20_000 },
    );
    await expectFailover('up0');
  }, 90_000);

  it('go back to a single NIC', async () => {
    await wire(single('up1'), single('up1p'));
    await expectArrival(FAILOVER_WITHIN_MS);
  }, 30_000);
});
