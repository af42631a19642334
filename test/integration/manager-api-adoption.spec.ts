/** After a restore of an older dump: what only the bus knows comes back into the database, and nothing that runs is lost. */
import { randomUUID } from 'node:crypto';
import { type DesiredEntry, desiredKeys } from '@opendvs/contracts';
import { DesiredEntries } from '../../apps/dvs-manager/src/changes/desired-entries.service';
import { ManagerRig, type Named, aName, aPlace } from './manager-api-rig';

let rig: ManagerRig;
beforeAll(async () => {
  rig = await ManagerRig.start({ publishing: false });
}, 60_000);
afterAll(() => rig?.stop());

type Live<K extends DesiredEntry['kind']> = NonNullable<Extract<DesiredEntry, { kind: K }>['object']>;

const noSuppression = {
  observeOnly: false,
  arpBroadcast: null,
  ipBroadcast: null,
  allBroadcast: null,
  multicast: null,
  unknownUnicast: null,
};
const aSwitch = (more: Partial<Live<'switch'>> = {}): Live<'switch'> => ({
  id: randomUUID(),
  revision: 900,
  name: aName('switch'),
  mode: 'user-mode',
  mtuBytes: 9000,
  ...more,
});
const aGroup = (switchId: string): Live<'port-group'> => ({
  id: randomUUID(),
  revision: 901,
  switchId,
  name: aName('group'),
  vlan: { type: 'trunk', trunkVlans: [{ first: 5, last: 9 }], nativeVlanId: 5 },
  adminStatus: 'up',
  broadcastSuppression: { ...noSuppression, arpBroadcast: { unit: 'pps', rate: 7 } },
});
const aPort = (
  hostId: string,
  group: Live<'port-group'>,
  more: Partial<Live<'port'>> = {},
): Live<'port'> => ({
  id: randomUUID(),
  revision: 903,
  hostId,
  switchId: group.switchId,
  portGroupId: group.id,
  name: aName('port'),
  number: 17,
  macAddress: '0a:00:00:00:00:17',
  queues: 4,
  ringSize: 1024,
  ...more,
});

const entries = {
  switch: (object: Live<'switch'>) => ({
    key: desiredKeys.switch(object.id),
    entry: { kind: 'switch' as const, revision: object.revision, object },
  }),
  group: (object: Live<'port-group'>) => ({
    key: desiredKeys.portGroup(object.id),
    entry: { kind: 'port-group' as const, revision: object.revision, object },
  }),
  host: (object: Live<'host'>) => ({
    key: desiredKeys.host(object.id),
    entry: { kind: 'host' as const, revision: object.revision, object },
  }),
  port: (object: Live<'port'>) => ({
    key: desiredKeys.port(object.hostId, object.id),
    entry: { kind: 'port' as const, revision: object.revision, object },
  }),
};

it('takes a whole host back with its switch, uplinks and ports, whatever the order they come in', async () => {
  const dvs = aSwitch();
  const group = aGroup(dvs.id);
  const uplinkGroup = {
    id: randomUUID(),
    name: 'uplink',
    members: [{ kernelName: 'eth1' }],
    bondMode: 'active-backup' as const,
    primary: null,
    lacp: null,
  };
  const host: Live<'host'> = {
    id: randomUUID(),
    revision: 902,
    name: aName('host'),
    engine: 'sim',
    vhostSocketDir: '/run/x',
    switches: [{ switchId: dvs.id, uplinkGroup }],
  };
  const port = aPort(host.id, group);
  const before = await rig.revision();
  const all = [entries.port(port), entries.host(host), entries.group(group), entries.switch(dvs)];
  await rig.app.get(DesiredEntries).adopt(all);

  expect(await rig.ok('GET', `/switches/${dvs.id}`)).toMatchObject({
    name: dvs.name,
    mtuBytes: 9000,
    vlanPools: null,
  });
  expect(await rig.ok('GET', `/port-groups/${group.id}`)).toMatchObject({
    type: 'trunk',
    trunkVlans: '5-9',
    nativeVlanId: 5,
    broadcastSuppression: { arpBroadcast: { ratePps: 7 } },
  });
  expect(await rig.ok('GET', `/hosts/${host.id}`)).toMatchObject({ engine: 'sim', switchIds: [dvs.id] });
  expect(await rig.ok('GET', `/uplink-groups/${uplinkGroup.id}`)).toMatchObject({
    members: [{ kernelName: 'eth1' }],
  });
  expect(await rig.ok('GET', `/ports/${port.id}`)).toMatchObject({
    number: 17,
    macAddress: port.macAddress,
    queues: 4,
  });

  const { items } = await rig.ok<{ items: { actor: string; action: string }[] }>(
    'GET',
    `/changes?afterRevision=${before}&sort=revision`,
  );
  expect(new Set(items.map(({ actor, action }) => `${actor} ${action}`))).toEqual(
    new Set(['system:recovery adopt']),
  );
  const published = new Map((await rig.outboxAfter(before)).map(({ key, entry }) => [key, entry]));
  for (const { key, entry } of all) {
    expect(published.get(key)).toMatchObject({
      object: { ...entry.object, revision: published.get(key)?.revision },
    });
  }
  const next = await rig.ok('POST', '/ports', { portGroupId: group.id, hostId: host.id, name: 'next' });
  expect(next.number).toBe(18);
});

it('does nothing to what the database has', async () => {
  const { dvs, port } = await aPlace(rig);
  const created = await rig.ok<Named>('POST', '/ports', { ...port, name: 'p' });
  const all = await rig.app.get(DesiredEntries).loadAll();
  const before = await rig.revision();
  await rig.app.get(DesiredEntries).adopt(all);
  expect(await rig.revision()).toBe(before);
  expect(await rig.ok('GET', `/ports/${created.id}`)).toEqual(created);
  expect(await rig.ok('GET', `/switches/${dvs.id}`)).toMatchObject({ version: 1 });
});

it('gives a port its membership back, and another name or number where these are taken by now', async () => {
  const { dvs, host, group, port } = await aPlace(rig);
  const taken = await rig.ok<Named & { number: number }>('POST', '/ports', { ...port, name: 'web' });
  const groupObject = { ...aGroup(dvs.id), id: group.id };
  const lost = aPort(host.id, groupObject, { name: 'web', number: taken.number });
  const elsewhere = await rig.ok<Named>('POST', '/hosts', { name: aName('host') });
  const stray = aPort(elsewhere.id, groupObject, { macAddress: '0a:00:00:00:00:18', number: 3 });
  await rig.app.get(DesiredEntries).adopt([entries.port(lost), entries.port(stray)]);
  expect(await rig.ok('GET', `/ports/${lost.id}`)).toMatchObject({
    name: `web (recovered ${lost.id.slice(0, 8)})`,
    number: taken.number + 1,
  });
  expect(await rig.ok('GET', `/ports/${stray.id}`)).toMatchObject({ number: 3 });
  expect(await rig.ok('GET', `/hosts/${elsewhere.id}`)).toMatchObject({ switchIds: [dvs.id] });
});

it('gives a host that the database has its lost uplink group back', async () => {
  const { dvs, host } = await aPlace(rig);
  const uplinkGroup = {
    id: randomUUID(),
    name: 'uplink',
    members: [{ pciAddress: '0000:3b:00.0' }],
    bondMode: 'active-backup' as const,
    primary: null,
    lacp: null,
  };
  const onBus: Live<'host'> = {
    id: host.id,
    revision: 950,
    name: host.name,
    engine: 'ovs-dpdk',
    vhostSocketDir: '/run/opendvs/vhost',
    switches: [{ switchId: dvs.id, uplinkGroup }],
  };
  await rig.app.get(DesiredEntries).adopt([entries.host(onBus)]);
  expect(await rig.ok('GET', `/uplink-groups/${uplinkGroup.id}`)).toMatchObject({
    hostId: host.id,
    switchId: dvs.id,
  });
});

it('leaves alone what fits nowhere, without stopping at it', async () => {
  const { dvs, host, group } = await aPlace(rig);
  const groupObject = { ...aGroup(dvs.id), id: group.id };
  const nowhere = aPort(randomUUID(), groupObject, { macAddress: '0a:00:00:00:00:21' });
  const fine = aPort(host.id, groupObject, { macAddress: '0a:00:00:00:00:22' });
  await rig.app.get(DesiredEntries).adopt([entries.port(nowhere), entries.port(fine)]);
  expect(await rig.send('GET', `/ports/${nowhere.id}`)).toMatchObject({ status: 404 });
  expect(await rig.send('GET', `/ports/${fine.id}`)).toMatchObject({ status: 200 });
});
