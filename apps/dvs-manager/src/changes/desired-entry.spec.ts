import { desiredEntrySchema } from '@opendvs/contracts';
import { hostEntry, portEntry, portGroupEntry, switchEntry, tombstone } from './desired-entry';

const ids = {
  dvs: '6a0f6ed1-6f3c-4c0c-9f3d-0c1f6f9f3b11',
  other: '5a0f6ed1-6f3c-4c0c-9f3d-0c1f6f9f3b12',
  group: '6a0f6ed1-6f3c-4c0c-9f3d-0c1f6f9f3b13',
  host: '6a0f6ed1-6f3c-4c0c-9f3d-0c1f6f9f3b14',
  port: '6a0f6ed1-6f3c-4c0c-9f3d-0c1f6f9f3b15',
  uplink: '6a0f6ed1-6f3c-4c0c-9f3d-0c1f6f9f3b16',
};
const row = { version: 4, revision: 9, createdAt: new Date(), updatedAt: new Date() };
const suppression = {
  observeOnly: false,
  arpBroadcast: null,
  ipBroadcast: null,
  allBroadcast: null,
  multicast: null,
  unknownUnicast: null,
};

const rows = {
  dvs: {
    ...row,
    id: ids.dvs,
    name: 's',
    description: 'd',
    mode: 'user-mode' as const,
    mtuBytes: 1500,
    vlanPools: null,
  },
  group: {
    ...row,
    id: ids.group,
    switchId: ids.dvs,
    name: 'g',
    description: '',
    vlan: { type: 'access' as const, vlanId: 7 },
    adminStatus: 'up' as const,
    broadcastSuppression: suppression,
  },
  host: { ...row, id: ids.host, name: 'h', engine: 'sim' as const, vhostSocketDir: '/run/x' },
  port: {
    ...row,
    id: ids.port,
    name: 'p',
    switchId: ids.dvs,
    portGroupId: ids.group,
    hostId: ids.host,
    number: 3,
    macAddress: '0a:d5:00:00:00:01',
    queues: 2,
    ringSize: 512,
    vmId: null,
    vmName: 'vm',
  },
  uplink: {
    ...row,
    id: ids.uplink,
    name: 'u',
    hostId: ids.host,
    switchId: ids.dvs,
    members: [{ kernelName: 'eth1' }],
    bondMode: 'active-backup' as const,
    primary: undefined,
    lacp: undefined,
  },
};

it('renders every kind of object as the contract of the bus has it', () => {
  const entries = [
    switchEntry(rows.dvs),
    portGroupEntry(rows.group),
    hostEntry(rows.host, { switchIds: [ids.dvs, ids.other], uplinkGroups: [rows.uplink] }),
    portEntry(rows.port),
  ];
  for (const { entry } of entries) {
    expect(desiredEntrySchema.parse(entry)).toEqual(entry);
    expect(entry).toMatchObject({ revision: 9, object: { revision: 9 } });
  }
  expect(entries.map(({ key }) => key)).toEqual([
    `shared.switch.${ids.dvs}`,
    `shared.port-group.${ids.group}`,
    `host.${ids.host}.config`,
    `host.${ids.host}.port.${ids.port}`,
  ]);
});

it('puts uplink groups at their switches, in an order that does not depend on how rows come', () => {
  const parts = (switchIds: string[]) => hostEntry(rows.host, { switchIds, uplinkGroups: [rows.uplink] });
  expect(parts([ids.dvs, ids.other])).toEqual(parts([ids.other, ids.dvs]));
  expect(parts([ids.dvs, ids.other]).entry.object).toMatchObject({
    switches: [
      { switchId: ids.other, uplinkGroup: null },
      { switchId: ids.dvs, uplinkGroup: { id: ids.uplink, primary: null, lacp: null } },
    ],
  });
});

it('tells a deletion by a tombstone with its revision', () => {
  const { entry } = tombstone('port', 'host.x.port.y', 12);
  expect(desiredEntrySchema.parse(entry)).toEqual({ kind: 'port', revision: 12, object: null });
});
