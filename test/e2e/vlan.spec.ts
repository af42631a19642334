/** @needs root hugepages */
import { FrameCount, ping, Storm } from '../../dataplane/traffic-vm/src';
import { Lab, type LabGuest } from './lab';

describe('VLANs between real VMs', () => {
  let lab: Lab;
  let red1: LabGuest, red2: LabGuest, blue: LabGuest, trunk: LabGuest;

  beforeAll(async () => {
    lab = await Lab.start({ vlanPools: '100-399' });
    const red = await lab.createGroup('red', { vlanId: 100 });
    [red1, red2, blue, trunk] = (await lab.startGuests(
      { name: 'red1', portGroup: red },
      { name: 'red2', portGroup: red },
      { name: 'blue', portGroup: await lab.createGroup('blue', { vlanId: 200 }) },
      {
        name: 'trunk',
        portGroup: await lab.createGroup('trunk', {
          type: 'trunk',
          trunkVlans: '100-150',
          nativeVlanId: 200,
        }),
      },
    )) as [LabGuest, LabGuest, LabGuest, LabGuest];
    await trunk.guest.expect(
      'ip link add link eth0 name eth0.100 type vlan id 100 && ip addr add 10.100.0.9/16 dev eth0.100 && ip link set eth0.100 up',
    );
    await red1.guest.expect('ip addr add 10.100.0.1/16 dev eth0');
  }, 120_000);
  afterAll(() => lab?.stop(), 60_000);

  it('lets VMs of one VLAN reach each other', async () => {
    expect(await ping(red1.guest, red2.address, { count: 20 })).toEqual({ transmitted: 20, received: 20 });
  });

  it('lets nothing across VLANs: no unicast to a known address, no broadcast, no multicast', async () => {
    const count = await FrameCount.start(blue.guest, { seconds: 60 });
    const offer = { packetsPerSecond: 200, frameBytes: 200, seconds: 2, toMac: blue.port.macAddress };
    for (const kind of ['unicast', 'arp', 'broadcast', 'ip-broadcast', 'multicast'] as const) {
      expect((await Storm.start(red1.guest, { kind, ...offer }).sent()).packets).toBeGreaterThan(300);
    }
    count.stop();
    const { unicast, arp, broadcast, multicast, 'ip-broadcast': ipBroadcast, other } = await count.total();
    expect([unicast, arp, broadcast, multicast, ipBroadcast, other].map(({ packets }) => packets)).toEqual([
      0, 0, 0, 0, 0, 0,
    ]);
  }, 60_000);

  it('carries the VLANs of a trunk tagged to its VM, and to the VMs of access groups untagged', async () => {
    expect(await ping(trunk.guest, '10.100.0.1', { count: 10 })).toEqual({ transmitted: 10, received: 10 });
    const [atTrunk, atRed] = [
      await FrameCount.start(trunk.guest, { seconds: 60 }),
      await FrameCount.start(red2.guest, { seconds: 60 }),
    ];
    const { packets } = await Storm.start(red1.guest, {
      kind: 'broadcast',
      packetsPerSecond: 100,
      seconds: 1,
    }).sent();
    expect(packets).toBeGreaterThan(50);
    atTrunk.stop();
    atRed.stop();
    expect(await atTrunk.total()).toMatchObject({ broadcast: { packets }, vlans: [100] });
    expect(await atRed.total()).toMatchObject({ broadcast: { packets }, vlans: [0] });
  }, 60_000);

  it('gives untagged frames of a trunk its native VLAN', async () => {
    expect(await ping(trunk.guest, blue.address, { count: 10 })).toEqual({ transmitted: 10, received: 10 });
    expect((await ping(trunk.guest, red2.address, { count: 3, intervalSeconds: 0.2 })).received).toBe(0);
  }, 60_000);

  it('drops what a VM tags itself: on an access port, and on a trunk outside its VLANs', async () => {
    const counts = await Promise.all(
      [red2, blue, trunk].map(({ guest }) => FrameCount.start(guest, { seconds: 60 })),
    );
    const offer = { kind: 'broadcast', packetsPerSecond: 100, frameBytes: 128, seconds: 1 } as const;
    await Storm.start(red1.guest, { ...offer, vlanId: 200 }).sent();
    await Storm.start(trunk.guest, { ...offer, vlanId: 151 }).sent();
    for (const count of counts) count.stop();
    const totals = await Promise.all(counts.map((count) => count.total()));
    expect(totals.map(({ broadcast }) => broadcast.packets)).toEqual([0, 0, 0]);
  }, 60_000);

  it('moves the VMs of a port group to another VLAN at once, and back', async () => {
    const { id } = await lab.network.port(blue.port.id);
    const { portGroupId } = await lab.network.port(id);
    await lab.network.patch('port-groups', portGroupId, { vlanId: 100 });
    expect((await ping(blue.guest, red2.address, { count: 10 })).received).toBe(10);
    await lab.network.patch('port-groups', portGroupId, { vlanId: 200 });
    expect((await ping(blue.guest, red2.address, { count: 3, intervalSeconds: 0.2 })).received).toBe(0);
  }, 60_000);
});
