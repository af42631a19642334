/**
 * What representative desired states become, as text in test/pipeline/*.golden for people to read and review.
 * After a change that is meant: UPDATE_GOLDEN=1 npx jest --selectProjects unit --testPathPatterns render.golden
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostDesired } from '@opendvs/dataplane';
import { formatFlow } from '@opendvs/openflow';
import type { PortGroup, UplinkGroup } from '@opendvs/model';
import { aHostDesired, aPort, aPortGroup, aSuppression, aSwitch, anUplinkGroup } from '@opendvs/testing';
import type { OvsObject } from './ovs-objects';
import { cookieOf } from './pipeline';
import { OvsRenderer } from './render';

const FOLDER = join(__dirname, '../../../test/pipeline');
const SWITCH = aSwitch({ id: '5a1e0000-0000-4000-8000-000000000001', name: 'prod' });

interface GoldenCase {
  title: string;
  group?: Partial<PortGroup>;
  uplink?: Partial<UplinkGroup>;
  mtuBytes?: number;
}

const CASES: Record<string, GoldenCase> = {
  'access-free': { title: 'a port on VLAN 100 without thresholds goes straight to NORMAL' },
  'access-untagged': { title: 'a port on VLAN 0: untagged', group: { vlan: { type: 'access', vlanId: 0 } } },
  'all-thresholds': {
    title: 'a threshold on every kind that Open vSwitch can tell; jumbo frames fit the buckets',
    mtuBytes: 9000,
    group: {
      broadcastSuppression: aSuppression({
        arpBroadcast: { unit: 'kbps', rate: 5 },
        ipBroadcast: { unit: 'kbps', rate: 1024 },
        allBroadcast: { unit: 'pps', rate: 1000 },
        multicast: { unit: 'pps', rate: 100_000 },
      }),
    },
  },
  'multicast-alone': {
    title: 'a threshold on multicast does not touch broadcast, though that is a group address too',
    group: { broadcastSuppression: aSuppression({ multicast: { unit: 'pps', rate: 10 } }) },
  },
  'observe-only': {
    title: 'thresholds that only count: the meter works on a copy of the frame',
    group: {
      broadcastSuppression: aSuppression({
        observeOnly: true,
        arpBroadcast: { unit: 'pps', rate: 5 },
        allBroadcast: { unit: 'pps', rate: 100 },
      }),
    },
  },
  'trunk-native': {
    title: 'a trunk with a native VLAN',
    group: {
      vlan: {
        type: 'trunk',
        trunkVlans: [
          { first: 300, last: 300 },
          { first: 100, last: 199 },
        ],
        nativeVlanId: 10,
      },
    },
  },
  'trunk-everything': {
    title: 'a trunk of every VLAN names them all: naming none would let untagged frames in',
    group: { vlan: { type: 'trunk', trunkVlans: [{ first: 1, last: 4094 }], nativeVlanId: null } },
  },
  'admin-down': {
    title: 'a group that is administratively down, with a threshold whose counts are kept',
    group: {
      adminStatus: 'down',
      broadcastSuppression: aSuppression({ multicast: { unit: 'pps', rate: 10 } }),
    },
  },
  'uplink-single': {
    title: 'one NIC of the kernel as uplink',
    uplink: { members: [{ kernelName: 'eth1' }] },
  },
  'uplink-active-backup': {
    title: 'two NICs driven by DPDK, the second preferred',
    uplink: {
      members: [{ pciAddress: '0000:3b:00.0' }, { pciAddress: '0000:3b:00.1' }],
      bondMode: 'active-backup',
      primary: '0000:3b:00.1',
    },
  },
  'uplink-lacp': {
    title: 'two NICs in a link aggregation group, fast',
    uplink: {
      members: [{ kernelName: 'eth1' }, { kernelName: 'eth2' }],
      bondMode: 'lacp',
      lacp: { mode: 'passive', rate: 'fast' },
    },
  },
};

describe('rendered objects', () => {
  it.each(Object.keys(CASES))('are as reviewed: %s', (name) => {
    const file = join(FOLDER, `${name}.golden`);
    const text = textOf(name, CASES[name]!);
    if (process.env.UPDATE_GOLDEN) writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });

  it('have no golden file left over', () => {
    const files = readdirSync(FOLDER).filter((file) => file.endsWith('.golden'));
    expect(files.sort()).toEqual(
      Object.keys(CASES)
        .map((name) => `${name}.golden`)
        .sort(),
    );
  });
});

function textOf(name: string, one: GoldenCase): string {
  const objects = new OvsRenderer().render(desiredOf(one));
  const sections = objects.map(
    (object) => `[${object.key}] ${object.because}\n${linesOf(object).join('\n')}\n`,
  );
  return [
    `# ${name}: ${one.title}\n# written by libs/driver-ovs/src/render.golden.spec.ts\n`,
    ...sections,
  ].join('\n');
}

function desiredOf({ group, uplink, mtuBytes }: GoldenCase): HostDesired {
  const dvs = { ...SWITCH, mtuBytes: mtuBytes ?? SWITCH.mtuBytes };
  const portGroup = aPortGroup(dvs, { id: '5a1e0000-0000-4000-8000-000000000002', name: 'web', ...group });
  const port = aPort(portGroup, { id: '5a1e0000-0000-4000-8000-000000000003', name: 'web-1', number: 7 });
  const id = '5a1e0000-0000-4000-8000-000000000004';
  const uplinkGroup = uplink && anUplinkGroup(uplink.members!, { id, name: 'lan', ...uplink });
  return aHostDesired({
    host: { id: '5a1e0000-0000-4000-8000-000000000005', name: 'host-1', engine: 'ovs-dpdk' },
    switches: [dvs],
    portGroups: [portGroup],
    ports: uplink ? [] : [port],
    uplinks: uplinkGroup ? { [dvs.id]: uplinkGroup } : {},
  });
}

function linesOf({ spec }: OvsObject): string[] {
  if (spec.kind !== 'flows')
    return Object.entries(spec).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`);
  return spec.flows.map((flow) => `  ${formatFlow({ ...flow, cookie: cookieOf(spec.flowsOf) })}`);
}
