/**
 * @needs root hugepages
 * What the pipeline, as the driver has programmed it, does with frames: asked of Open vSwitch itself (ofproto/trace).
 */
import type { HostDesired } from '@opendvs/dataplane';
import type { OvsDriver } from '@opendvs/driver-ovs';
import { bridgeName, type Port } from '@opendvs/model';
import { aHostDesired, aPort, aPortGroup, aSuppression, aSwitch, anUplinkGroup } from '@opendvs/testing';
import { OvsRig } from './driver-ovs-rig';

const dvs = aSwitch();
const pps = (rate: number) => ({ unit: 'pps' as const, rate });
const groups = {
  red: aPortGroup(dvs, { vlan: { type: 'access', vlanId: 100 } }),
  blue: aPortGroup(dvs, { vlan: { type: 'access', vlanId: 200 } }),
  plain: aPortGroup(dvs, { vlan: { type: 'access', vlanId: 0 } }),
  trunk: aPortGroup(dvs, {
    vlan: { type: 'trunk', trunkVlans: [{ first: 100, last: 150 }], nativeVlanId: 200 },
  }),
  off: aPortGroup(dvs, { adminStatus: 'down' }),
  limited: aPortGroup(dvs, {
    vlan: { type: 'access', vlanId: 7 },
    broadcastSuppression: aSuppression({
      arpBroadcast: pps(1),
      ipBroadcast: pps(2),
      allBroadcast: pps(3),
      multicast: pps(4),
    }),
  }),
  multicastOnly: aPortGroup(dvs, {
    vlan: { type: 'access', vlanId: 8 },
    broadcastSuppression: aSuppression({ multicast: pps(4) }),
  }),
  observed: aPortGroup(dvs, {
    vlan: { type: 'access', vlanId: 9 },
    broadcastSuppression: aSuppression({ observeOnly: true, arpBroadcast: pps(1), allBroadcast: pps(3) }),
  }),
};
type GroupName = keyof typeof groups;
const names = Object.keys(groups) as GroupName[];
const ports = Object.fromEntries(
  names.map((name) => [name, [aPort(groups[name]), aPort(groups[name])]]),
) as unknown as Record<GroupName, [Port, Port]>;
const UPLINK = 60_001;

const BROADCAST = 'dl_dst=ff:ff:ff:ff:ff:ff';
const UNKNOWN_UNICAST = 'dl_dst=02:99:99:99:99:99';

describe('pipeline of real Open vSwitch', () => {
  let rig: OvsRig;
  let driver: OvsDriver;
  /** Datapath port number → name of our group and which port of it, or "uplink". */
  const portNames = new Map<string, string>();

  beforeAll(async () => {
    rig = await OvsRig.start();
    await rig.addNic('up0');
    driver = rig.newDriver(null);
    await driver.open(AbortSignal.timeout(10_000));
    const uplinks = { [dvs.id]: anUplinkGroup([{ kernelName: 'up0' }]) };
    const desired: HostDesired = aHostDesired({
      host: { engine: 'ovs-dpdk', vhostSocketDir: rig.folder },
      switches: [dvs],
      portGroups: Object.values(groups),
      ports: Object.values(ports).flat(),
      uplinks,
    });
    expect(await rig.converge(driver, desired)).toEqual({});
    for (const line of (await rig.appctl('dpif/show')).split('\n')) {
      const [, ofport, dpPort] = /\S+ (\d+)\/(\d+):/.exec(line) ?? [];
      if (dpPort !== undefined) portNames.set(dpPort, nameOf(Number(ofport)));
    }
  }, 60_000);
  afterAll(async () => {
    await driver?.close();
    await rig?.stop();
  });

  function nameOf(ofport: number): string {
    if (ofport === UPLINK) return 'uplink';
    const group = names.find((name) => ports[name].some(({ number }) => number === ofport))!;
    return `${group}${ports[group].findIndex(({ number }) => number === ofport)}`;
  }

  /** The datapath actions for a frame, with ports by name, sorted where order means nothing. */
  async function trace(from: number, frame: string): Promise<string[]> {
    const output = await rig.appctl(
      'ofproto/trace',
      bridgeName(dvs.id),
      `in_port=${from},dl_src=02:11:11:11:11:11,${frame}`,
    );
    const actions = /^Datapath actions: (.*)$/m.exec(output)![1]!;
    return actions
      .split(/,(?![^(]*\))/)
      .map((action) => portNames.get(action) ?? action.replace(/meter\(\d+\)/, 'meter'));
  }
  const from = (name: GroupName) => ports[name][0].number;
  const receivers = async (inPort: number, frame: string) =>
    (await trace(inPort, frame)).filter((action) => /^(uplink|[a-zA-Z]+\d)$/.test(action)).sort();

  it('floods an access VLAN to its ports, the trunks that carry it and, tagged, to the uplink', async () => {
    expect(await trace(from('red'), BROADCAST)).toEqual(
      expect.arrayContaining(['red1', 'push_vlan(vid=100,pcp=0)', 'trunk0', 'trunk1', 'uplink']),
    );
    expect(await receivers(from('red'), BROADCAST)).toEqual(['red1', 'trunk0', 'trunk1', 'uplink']);
    expect(await receivers(from('red'), UNKNOWN_UNICAST)).toEqual(['red1', 'trunk0', 'trunk1', 'uplink']);
  });

  it('keeps untagged traffic of VLAN 0 out of every VLAN', async () => {
    expect(await receivers(from('plain'), BROADCAST)).toEqual(['plain1', 'uplink']);
    expect(await receivers(UPLINK, BROADCAST)).toEqual(['plain0', 'plain1']);
  });

  it('takes tagged frames off the uplink into the VLAN, without their tag', async () => {
    const actions = await trace(UPLINK, `dl_vlan=100,${BROADCAST}`);
    expect(actions).toEqual(expect.arrayContaining(['trunk0', 'trunk1', 'pop_vlan', 'red0', 'red1']));
    expect(await receivers(UPLINK, `dl_vlan=100,${BROADCAST}`)).toEqual(['red0', 'red1', 'trunk0', 'trunk1']);
  });

  it('drops frames of VLANs that a trunk does not carry, and tagged frames of access ports', async () => {
    expect(await trace(from('trunk'), `dl_vlan=151,${BROADCAST}`)).toEqual(['drop']);
    expect(await trace(from('red'), `dl_vlan=200,${BROADCAST}`)).toEqual(['drop']);
    expect(await receivers(from('trunk'), `dl_vlan=120,${BROADCAST}`)).toEqual(['trunk1', 'uplink']);
  });

  it('puts untagged frames of a trunk into its native VLAN', async () => {
    expect(await receivers(from('trunk'), BROADCAST)).toEqual(['blue0', 'blue1', 'trunk1', 'uplink']);
  });

  it('neither takes from nor gives to ports that are administratively down', async () => {
    expect(await trace(from('off'), BROADCAST)).toEqual(['drop']);
    expect(await trace(from('off'), `dl_vlan=4095,${BROADCAST}`)).toEqual(['drop']);
    expect(await trace(UPLINK, `dl_vlan=4095,${BROADCAST}`)).toEqual(['drop']);
    for (const name of names.filter((one) => one !== 'off')) {
      expect(await receivers(from(name), BROADCAST)).not.toContain('off0');
    }
  });

  it.each([
    ['ARP broadcasts by two meters', `arp,${BROADCAST}`, ['meter', 'meter']],
    ['IPv4 broadcasts by two meters', `ip,${BROADCAST}`, ['meter', 'meter']],
    ['other broadcasts by one', `dl_type=0x88b5,${BROADCAST}`, ['meter']],
    ['IPv6 multicasts by one', 'ipv6,dl_dst=33:33:00:00:00:01', ['meter']],
    ['IPv4 multicasts by one', 'ip,dl_dst=01:00:5e:00:00:fb', ['meter']],
    ['unicast by none, also unknown', `ip,${UNKNOWN_UNICAST}`, []],
    ['unicast ARP by none', `arp,${UNKNOWN_UNICAST}`, []],
  ])('limits %s', async (_what, frame, meters) => {
    const actions = await trace(from('limited'), frame);
    expect(actions.filter((action) => action.includes('meter'))).toEqual(meters);
    expect(actions).toContain('limited1');
  });

  it('leaves broadcast alone where only multicast has a threshold', async () => {
    expect((await trace(from('multicastOnly'), BROADCAST)).join()).not.toContain('meter');
    expect((await trace(from('multicastOnly'), 'dl_dst=01:00:5e:00:00:fb')).join()).toContain('meter');
  });

  it('meters a copy, and only that, where it is to observe', async () => {
    const actions = await trace(from('observed'), `arp,${BROADCAST}`);
    expect(actions.filter((action) => action.includes('meter'))).toEqual(['clone(meter)', 'clone(meter)']);
    expect(await receivers(from('observed'), `arp,${BROADCAST}`)).toEqual(['observed1', 'uplink']);
  });

  it('never limits what comes from the physical network', async () => {
    expect((await trace(UPLINK, `dl_vlan=7,arp,${BROADCAST}`)).join()).not.toContain('meter');
  });
});
