/** The manager's API on a real PostgreSQL: what people configure, find again, and see of the past. */
import { desiredEntrySchema } from '@opendvs/contracts';
import { DesiredEntries } from '../../apps/dvs-manager/src/changes/desired-entries.service';
import { ManagerRig, type Named, aName, aPlace } from './manager-api-rig';

interface Page<T = Named> {
  items: T[];
  total: number;
  next: string | null;
}

let rig: ManagerRig;
beforeAll(async () => {
  rig = await ManagerRig.start({ publishing: false });
}, 60_000);
afterAll(() => rig?.stop());

describe('switches', () => {
  it('have defaults, an ETag and a path of their own', async () => {
    const name = aName('switch');
    const answer = await rig.send<Named>('POST', '/switches', { name });
    expect(answer).toMatchObject({
      status: 201,
      headers: {
        etag: '"1"',
        location: `/api/v1/switches/${answer.body.id}`,
        'opendvs-revision': `${answer.body.revision}`,
      },
      body: { name, description: '', mode: 'user-mode', mtuBytes: 1500, vlanPools: null, version: 1 },
    });
    const read = await rig.send('GET', `/switches/${answer.body.id}`);
    expect(read.body).toEqual(answer.body);
    expect(read.headers).toMatchObject({ etag: '"1"', 'cache-control': 'no-store' });
  });

  it('are not sent again to who has the version already', async () => {
    const dvs = await rig.ok<Named>('POST', '/switches', { name: aName('switch') });
    const read = (tag: string) => rig.send('GET', `/switches/${dvs.id}`, undefined, { 'if-none-match': tag });
    expect(await read('"1"')).toMatchObject({ status: 304, body: '' });
    expect(await read('W/"1", "7"')).toMatchObject({ status: 304 });
    expect(await read('"2"')).toMatchObject({ status: 200 });
  });

  it('keep VLAN pools sorted and merged', async () => {
    const body = await rig.ok('POST', '/switches', {
      name: aName('switch'),
      vlanPools: '300, 150-199,100-160',
    });
    expect(body.vlanPools).toBe('100-199,300');
  });

  it('are changed by merge patch: absent fields stay, null goes back to the default', async () => {
    const dvs = await rig.ok<Named>('POST', '/switches', {
      name: aName('switch'),
      mtuBytes: 9000,
      description: 'big',
    });
    const patch = (body: object, version: number) =>
      rig.send('PATCH', `/switches/${dvs.id}`, body, {
        'if-match': `"${version}"`,
        'content-type': 'application/merge-patch+json',
      });
    expect(await patch({ description: 'bigger' }, 1)).toMatchObject({
      status: 200,
      headers: { etag: '"2"' },
      body: { mtuBytes: 9000, description: 'bigger', version: 2 },
    });
    expect(await patch({ mtuBytes: null }, 2)).toMatchObject({
      status: 200,
      body: { mtuBytes: 1500, description: 'bigger' },
    });
  });

  it('get no new version, revision or history from a patch that changes nothing', async () => {
    const dvs = await rig.ok<Named>('POST', '/switches', { name: aName('switch') });
    const before = await rig.revision();
    const answer = await rig.send('PATCH', `/switches/${dvs.id}`, { name: dvs.name }, { 'if-match': '*' });
    expect(answer).toMatchObject({ status: 200, body: dvs as never });
    expect(answer.headers['opendvs-revision']).toBeUndefined();
    expect(await rig.revision()).toBe(before);
  });

  it('can be deleted when nothing uses them, and are gone then', async () => {
    const dvs = await rig.ok<Named>('POST', '/switches', { name: aName('switch') });
    const revision = await rig.revision();
    const path = `/switches/${dvs.id}`;
    expect(await rig.send('DELETE', path, undefined, { 'if-match': '"9"' })).toMatchObject({ status: 412 });
    expect(await rig.send('DELETE', path, undefined, { 'if-match': '"1"' })).toMatchObject({
      status: 204,
      body: '',
    });
    expect(await rig.send('GET', path)).toMatchObject({ status: 404 });
    expect(await rig.outboxAfter(revision)).toEqual([
      {
        revision: revision + 1,
        key: `shared.switch.${dvs.id}`,
        entry: { kind: 'switch', revision: revision + 1, object: null },
      },
    ]);
  });
});

describe('hosts', () => {
  it('take the id that their agent is configured with', async () => {
    const id = '6a0f6ed1-6f3c-4c0c-9f3d-0c1f6f9f3b11';
    const body = await rig.ok('POST', '/hosts', { id, name: aName('host'), engine: 'sim' });
    expect(body).toMatchObject({ id, engine: 'sim', vhostSocketDir: '/run/opendvs/vhost', switchIds: [] });
    expect(body.status).toMatchObject({ state: 'unknown', lastSeenAt: null, engine: null });
  });

  it('publish their memberships and uplink groups in one record', async () => {
    const { dvs, host } = await aPlace(rig);
    const before = await rig.revision();
    const uplink = await rig.ok<Named>('POST', '/uplink-groups', {
      name: 'uplink',
      hostId: host.id,
      switchId: dvs.id,
      members: [{ kernelName: 'eth1' }, { pciAddress: '0000:3b:00.0' }],
      bondMode: 'lacp',
    });
    const [row, ...more] = await rig.outboxAfter(before);
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      key: `host.${host.id}.config`,
      revision: uplink.revision,
      entry: {
        kind: 'host',
        object: {
          revision: uplink.revision,
          switches: [
            {
              switchId: dvs.id,
              uplinkGroup: {
                id: uplink.id,
                members: [{ kernelName: 'eth1' }, { pciAddress: '0000:3b:00.0' }],
                bondMode: 'lacp',
                primary: null,
                lacp: { mode: 'active', rate: 'slow' },
              },
            },
          ],
        },
      },
    });
    expect(await rig.ok('GET', `/hosts/${host.id}`)).toMatchObject({
      revision: uplink.revision,
      version: 1,
      switchIds: [dvs.id],
    });
  });

  it('enter a switch once, however often they are asked to', async () => {
    const dvs = await rig.ok<Named>('POST', '/switches', { name: aName('switch') });
    const host = await rig.ok<Named>('POST', '/hosts', { name: aName('host') });
    const path = `/switches/${dvs.id}/hosts/${host.id}`;
    expect(await rig.send('GET', path)).toMatchObject({ status: 404 });
    const first = await rig.send('PUT', path);
    expect(first).toMatchObject({
      status: 201,
      body: { switchId: dvs.id, hostId: host.id, hostName: host.name },
    });
    expect(await rig.send('PUT', path)).toMatchObject({ status: 200, body: first.body });
    expect(await rig.ok('GET', path)).toEqual(first.body);
    expect(await rig.ok<Page>('GET', `/switches/${dvs.id}/hosts`)).toMatchObject({
      items: [first.body],
      total: 1,
    });
    expect(await rig.send('DELETE', path)).toMatchObject({ status: 204 });
    expect(await rig.send('DELETE', path)).toMatchObject({ status: 404 });
    expect(await rig.send('DELETE', `/hosts/${host.id}`)).toMatchObject({ status: 204 });
  });
});

describe('port groups', () => {
  it('are untagged access groups without suppression unless told otherwise', async () => {
    const { dvs } = await aPlace(rig);
    const body = await rig.ok('POST', '/port-groups', { switchId: dvs.id, name: 'plain' });
    expect(body).toMatchObject({
      type: 'access',
      vlanId: 0,
      trunkVlans: null,
      nativeVlanId: null,
      adminStatus: 'up',
      broadcastSuppression: {
        observeOnly: false,
        arpBroadcast: null,
        ipBroadcast: null,
        allBroadcast: null,
        multicast: null,
        unknownUnicast: null,
      },
      portCount: 0,
    });
  });

  it('change a threshold, its unit included, without touching the others', async () => {
    const { group } = await aPlace(rig, {
      broadcastSuppression: { arpBroadcast: { rateKbps: 64 }, multicast: { ratePps: 10 } },
    });
    const path = `/port-groups/${group.id}`;
    const patch = { broadcastSuppression: { arpBroadcast: { ratePps: 500 }, observeOnly: true } };
    const before = await rig.revision();
    expect(await rig.send('PATCH', path, patch, { 'if-match': '"1"' })).toMatchObject({
      status: 200,
      body: {
        broadcastSuppression: {
          observeOnly: true,
          arpBroadcast: { ratePps: 500 },
          multicast: { ratePps: 10 },
          ipBroadcast: null,
        },
      },
    });
    expect(await rig.outboxAfter(before)).toMatchObject([
      {
        key: `shared.port-group.${group.id}`,
        entry: {
          object: {
            broadcastSuppression: {
              arpBroadcast: { unit: 'pps', rate: 500 },
              multicast: { unit: 'pps', rate: 10 },
            },
          },
        },
      },
    ]);
    const off = await rig.ok('PATCH', path, { broadcastSuppression: null }, { 'if-match': '*' });
    expect(off.broadcastSuppression).toMatchObject({
      observeOnly: false,
      arpBroadcast: null,
      multicast: null,
    });
  });

  it('become trunks and access groups again, the fields of the other type going by themselves', async () => {
    const { group } = await aPlace(rig);
    const path = `/port-groups/${group.id}`;
    const trunk = { type: 'trunk', trunkVlans: '200,100-120', nativeVlanId: 7 };
    expect(await rig.send('PATCH', path, trunk, { 'if-match': '"1"' })).toMatchObject({
      status: 200,
      body: { type: 'trunk', vlanId: null, trunkVlans: '100-120,200', nativeVlanId: 7 },
    });
    expect(
      await rig.send('PATCH', path, { type: 'access', vlanId: 4094 }, { 'if-match': '"2"' }),
    ).toMatchObject({
      status: 200,
      body: { type: 'access', vlanId: 4094, trunkVlans: null, nativeVlanId: null },
    });
  });
});

describe('ports', () => {
  it('get a number, an address of their own, a socket and an interface name', async () => {
    const { port, dvs, host } = await aPlace(rig);
    const before = await rig.revision();
    const body = await rig.ok<Named & { macAddress: string }>('POST', '/ports', {
      ...port,
      name: 'first',
      vmName: 'web-1',
    });
    const hex = body.id.replaceAll('-', '').slice(0, 12);
    expect(body).toMatchObject({
      number: 1,
      switchId: dvs.id,
      queues: 1,
      ringSize: 256,
      vmName: 'web-1',
      vmId: null,
      interfaceName: `dv${hex}`,
      socketPath: `/run/opendvs/vhost/dv${hex}.sock`,
      status: { state: 'pending', reason: null, appliedRevision: 0 },
    });
    expect(body.macAddress).toMatch(/^0a:d5(:[0-9a-f]{2}){4}$/);
    expect(await rig.outboxAfter(before)).toMatchObject([
      {
        key: `host.${host.id}.port.${body.id}`,
        revision: body.revision,
        entry: { object: { number: 1, macAddress: body.macAddress } },
      },
    ]);
    expect(
      await rig.ok('POST', '/ports', { ...port, name: 'second', macAddress: '0A:00:00:00:00:01' }),
    ).toMatchObject({
      number: 2,
      macAddress: '0a:00:00:00:00:01',
    });
  });

  it('do not get the number of a port that was just deleted', async () => {
    const { port } = await aPlace(rig);
    const first = await rig.ok<Named>('POST', '/ports', { ...port, name: 'a' });
    await rig.ok('DELETE', `/ports/${first.id}`);
    expect(await rig.ok('POST', '/ports', { ...port, name: 'a' })).toMatchObject({ number: 2 });
  });

  it('are numbered from the beginning after 60,000, skipping numbers in use', async () => {
    const { port, host } = await aPlace(rig);
    const numberOf = async (name: string) => (await rig.ok('POST', '/ports', { ...port, name })).number;
    expect(await numberOf('a')).toBe(1);
    await rig.sql('update port_numbers set last_number = 59999 where host_id = $1', [host.id]);
    expect(await numberOf('b')).toBe(60_000);
    expect(await numberOf('c')).toBe(2);
    expect(await numberOf('d')).toBe(3);
  });

  it('move to another group of their switch', async () => {
    const { port, dvs } = await aPlace(rig);
    const other = await rig.ok<Named>('POST', '/port-groups', {
      switchId: dvs.id,
      name: 'other',
      vlanId: 200,
    });
    const created = await rig.ok<Named>('POST', '/ports', { ...port, name: 'mover' });
    const body = await rig.ok(
      'PATCH',
      `/ports/${created.id}`,
      { portGroupId: other.id },
      { 'if-match': '"1"' },
    );
    expect(body).toMatchObject({ portGroupId: other.id, number: 1, version: 2 });
  });

  it('get another address when theirs is given up', async () => {
    const { port } = await aPlace(rig);
    const created = await rig.ok<Named>('POST', '/ports', {
      ...port,
      name: 'a',
      macAddress: '0a:00:00:00:00:01',
    });
    const body = await rig.ok('PATCH', `/ports/${created.id}`, { macAddress: null }, { 'if-match': '"1"' });
    expect(body.macAddress).toMatch(/^0a:d5/);
  });

  it('leave tombstones on the bus', async () => {
    const { port, host } = await aPlace(rig);
    const created = await rig.ok<Named>('POST', '/ports', { ...port, name: 'a' });
    const before = await rig.revision();
    await rig.ok('DELETE', `/ports/${created.id}`);
    expect(await rig.outboxAfter(before)).toMatchObject([
      {
        key: `host.${host.id}.port.${created.id}`,
        entry: { kind: 'port', object: null, revision: before + 1 },
      },
    ]);
  });
});

describe('desired state', () => {
  it('loads as the bus carries it, with every reference resolving', async () => {
    const { port, dvs, host, group } = await aPlace(rig);
    const created = await rig.ok<Named>('POST', '/ports', { ...port, name: 'a' });
    const entries = await rig.app.get(DesiredEntries).loadAll();
    const byKey = new Map(entries.map(({ key, entry }) => [key, desiredEntrySchema.parse(entry)]));
    expect(byKey.get(`host.${host.id}.port.${created.id}`)).toMatchObject({
      revision: created.revision,
      object: { portGroupId: group.id },
    });
    expect(byKey.get(`shared.switch.${dvs.id}`)).toMatchObject({ object: { mtuBytes: 1500 } });
    expect(byKey.get(`shared.port-group.${group.id}`)).toMatchObject({
      object: { vlan: { type: 'access', vlanId: 100 } },
    });
    expect(byKey.get(`host.${host.id}.config`)).toMatchObject({
      object: { switches: [{ switchId: dvs.id, uplinkGroup: null }] },
    });
    const outbox = await rig.outboxAfter(0);
    const last = new Map(outbox.map(({ key, entry }) => [key, entry]));
    for (const [key, entry] of last)
      expect(byKey.get(key) ?? null).toEqual(entry.object === null ? null : entry);
  });
});
