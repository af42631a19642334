/** The manager's API on a real PostgreSQL: what people configure, find again, and see of the past. */
import { desiredEntrySchema } from '@opendvs/contracts';
import { DesiredEntries } from '../../apps/dvs-manager/src/changes/desired-entries.service';
import { type Answer, ManagerRig, type Named, type Problem, aName, aPlace } from './manager-api-rig';

interface Page<T = Named> {
  items: T[];
  total: number;
  next: string | null;
}

interface Change {
  revision: number;
  actor: string;
  action: string;
  kind: string;
  objectId: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

let rig: ManagerRig;
beforeAll(async () => {
  rig = await ManagerRig.start({ publishing: false });
}, 60_000);
afterAll(() => rig?.stop());

/** Outbox rows after a revision, each checked against the contract of the bus. */
async function outboxAfter(revision: number) {
  const rows = await rig.sql<{ revision: string; key: string; entry: unknown }>(
    'select revision, key, entry from outbox where revision > $1 order by revision',
    [revision],
  );
  return rows.map(({ revision: r, key, entry }) => ({
    revision: Number(r),
    key,
    entry: desiredEntrySchema.parse(entry),
  }));
}

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
    expect(await outboxAfter(revision)).toEqual([
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
    const [row, ...more] = await outboxAfter(before);
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
    expect(await outboxAfter(before)).toMatchObject([
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
    expect(await outboxAfter(before)).toMatchObject([
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
    expect(await outboxAfter(before)).toMatchObject([
      {
        key: `host.${host.id}.port.${created.id}`,
        entry: { kind: 'port', object: null, revision: before + 1 },
      },
    ]);
  });
});

describe('bulk requests', () => {
  it('delete, change and create in one transaction, each object with a revision of its own', async () => {
    const { port } = await aPlace(rig);
    const [a, b] = [
      await rig.ok<Named>('POST', '/ports', { ...port, name: 'a' }),
      await rig.ok<Named>('POST', '/ports', { ...port, name: 'b' }),
    ];
    const before = await rig.revision();
    const answer = await rig.send<{ created: Named[]; updated: Named[]; deleted: string[] }>(
      'POST',
      '/ports/bulk',
      {
        create: [
          { ...port, name: 'c' },
          { ...port, name: 'a' },
        ],
        update: [{ id: b.id, ifMatch: '1', changes: { vmName: 'web' } }],
        delete: [{ id: a.id, ifMatch: '"1"' }],
      },
    );
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'opendvs-revision': `${before + 4}` },
      body: {
        created: [
          { name: 'c', number: 3 },
          { name: 'a', number: 4 },
        ],
        updated: [{ id: b.id, vmName: 'web', version: 2 }],
        deleted: [a.id],
      },
    });
    const rows = await outboxAfter(before);
    expect(rows.map(({ revision }) => revision)).toEqual([1, 2, 3, 4].map((n) => before + n));
    expect(await rig.revision()).toBe(before + 4);
  });

  it('do nothing at all when one item is wrong, and name it', async () => {
    const { port } = await aPlace(rig);
    const before = await rig.revision();
    const create = Array.from({ length: 20 }, (_, i) => ({ ...port, name: `p${i}` }));
    create[17] = { ...create[17]!, portGroupId: '00000000-0000-4000-8000-000000000000' };
    create[3] = { ...create[3]!, name: 'p2' };
    const missing = await rig.send<Problem>('POST', '/ports/bulk', { create });
    expect(missing).toMatchObject({ status: 422, body: { errors: [{ field: '/create/17/portGroupId' }] } });
    create[17] = { ...port, name: 'p17' };
    expect(await rig.send('POST', '/ports/bulk', { create })).toMatchObject({
      status: 409,
      body: { errors: [{ field: '/create/3/name' }] },
    });
    expect(await rig.revision()).toBe(before);
    expect(await rig.ok<Page>('GET', `/ports?hostId=${port.hostId}`)).toMatchObject({ total: 0 });
  });

  it('refuse an item that is based on an old version', async () => {
    const { port } = await aPlace(rig);
    const created = await rig.ok<Named>('POST', '/ports', { ...port, name: 'a' });
    await rig.ok('PATCH', `/ports/${created.id}`, { vmName: 'x' }, { 'if-match': '"1"' });
    const answer = await rig.send<Problem>('POST', '/ports/bulk', {
      update: [{ id: created.id, ifMatch: '1', changes: { vmName: 'y' } }],
    });
    expect(answer.status).toBe(412);
    expect(answer.body.detail).toContain('/update/0');
  });

  it('are limited to 2000 items', async () => {
    const { port } = await aPlace(rig);
    const create = Array.from({ length: 2001 }, (_, i) => ({ ...port, name: `p${i}` }));
    expect(await rig.send('POST', '/ports/bulk', { create })).toMatchObject({ status: 400 });
    expect(await rig.send('POST', '/ports/bulk', {})).toMatchObject({ status: 400 });
  });
});

describe('lists', () => {
  it('are read page by page, neither repeating nor missing anything while others write', async () => {
    const { port } = await aPlace(rig);
    const create = Array.from({ length: 25 }, (_, i) => ({
      ...port,
      name: `p${String(i).padStart(2, '0')}`,
    }));
    await rig.ok('POST', '/ports/bulk', { create });
    const seen: string[] = [];
    let url: string | null = `/ports?hostId=${port.hostId}&limit=10&sort=-name`;
    for (let page = 0; url; page += 1) {
      const body: Page = await rig.ok<Page>('GET', url);
      seen.push(...body.items.map(({ name }) => name));
      if (page === 0) {
        expect(body.total).toBe(25);
        await rig.ok('POST', '/ports', { ...port, name: 'z-late' }); // before the cursor: not seen
        await rig.ok('DELETE', `/ports/${body.items[0]!.id}`);
      }
      url = body.next;
    }
    expect(seen).toEqual(create.map(({ name }) => name).reverse());
  });

  it('are filtered by what people look for', async () => {
    const { port, group, dvs, host } = await aPlace(rig);
    const one = await rig.ok<Named & { macAddress: string }>('POST', '/ports', {
      ...port,
      name: '100%_Web',
      vmName: 'vm-1',
      vmId: 'id-1',
    });
    await rig.ok('POST', '/ports', { ...port, name: 'db' });
    const names = async (query: string) =>
      (await rig.ok<Page>('GET', `/ports?hostId=${host.id}&${query}`)).items.map(({ name }) => name);
    expect(await names(`nameContains=${encodeURIComponent('%_w')}`)).toEqual(['100%_Web']);
    expect(await names('name=db')).toEqual(['db']);
    expect(await names('name=DB')).toEqual([]);
    expect(await names(`vmName=vm-1&vmId=id-1&portGroupId=${group.id}&switchId=${dvs.id}`)).toEqual([
      '100%_Web',
    ]);
    expect(await names(`macAddress=${one.macAddress.toUpperCase()}`)).toEqual(['100%_Web']);
    expect(await names('state=pending&sort=name')).toEqual(['100%_Web', 'db']);
    expect(await names('state=connected')).toEqual([]);
    const groups = (query: string) => rig.ok<Page>('GET', `/port-groups?switchId=${dvs.id}&${query}`);
    expect(await groups('type=access&vlanId=100')).toMatchObject({ total: 1, items: [{ portCount: 2 }] });
    expect(await groups('vlanId=101')).toMatchObject({ total: 0 });
    expect(await rig.ok<Page>('GET', `/hosts?switchId=${dvs.id}&state=unknown`)).toMatchObject({
      items: [{ id: host.id }],
    });
    expect(await rig.ok<Page>('GET', `/switches?hostId=${host.id}`)).toMatchObject({
      items: [{ id: dvs.id }],
    });
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=ten', 'limit'],
    ['sort=colour', 'sort'],
    ['sort=name,-name', 'sort'],
    ['nmae=x', 'nmae'],
    ['cursor=abc', 'cursor'],
    ['cursor=WyJjcmVhdGVkQXQiLHsiJGd0IjoxfSwieCJd', 'cursor'],
    ['cursor=WyJjcmVhdGVkQXQiLHsiYXQiOjF9LCJub3QtYS11dWlkIl0', 'cursor'],
    ['hostId=1', 'hostId'],
    ['name=a&name=b', 'name'],
  ])('refuse ?%s', async (query, field) => {
    const answer = await rig.send<Problem>('GET', `/ports?${query}`);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ in: 'query', field }] } });
  });
});

describe('history', () => {
  it('tells who changed what, when, and from what to what', async () => {
    const { group } = await aPlace(rig);
    const token = await rig.ok<{ token: string }>('POST', '/tokens', { name: 'night-shift' });
    const headers = { authorization: `Bearer ${token.token}`, 'if-match': '"1"' };
    const patched = await rig.ok<Named>('PATCH', `/port-groups/${group.id}`, { vlanId: 200 }, headers);
    await rig.ok('DELETE', `/port-groups/${group.id}`);
    const { items } = await rig.ok<Page<Change>>('GET', `/changes?objectId=${group.id}`);
    expect(items).toMatchObject([
      { action: 'delete', actor: 'administrator', before: { vlanId: 200, version: 2 }, after: null },
      {
        action: 'update',
        actor: 'night-shift',
        revision: patched.revision,
        before: { vlanId: 100, version: 1 },
        after: { vlanId: 200, version: 2, revision: patched.revision },
      },
      { action: 'create', actor: 'administrator', before: null, after: { vlanId: 100 } },
    ]);
    const later = await rig.ok<Page<Change>>(
      'GET',
      `/changes?objectId=${group.id}&afterRevision=${patched.revision}&sort=revision`,
    );
    expect(later.items.map(({ action }) => action)).toEqual(['delete']);
  });

  it('names the revision that everything has reached, and the database', async () => {
    const [{ revision, store_id: storeId }] = (await rig.sql(
      'select revision::int, store_id from store',
    )) as [Record<string, unknown>];
    expect(await rig.ok('GET', '/revision')).toEqual({ revision, storeId });
  });
});

describe('Idempotency-Key', () => {
  const withKey = (key: string, body: object): Promise<Answer<Named>> =>
    rig.send<Named>('POST', '/switches', body, { 'idempotency-key': key });

  it('lets a repeated request be carried out once, and answers the same', async () => {
    const body = { name: aName('switch') };
    const first = await withKey('key-1', body);
    const again = await withKey('key-1', body);
    expect(first.status).toBe(201);
    expect(again).toMatchObject({
      status: 201,
      body: first.body,
      headers: { 'idempotency-replayed': 'true', etag: '"1"', location: first.headers.location },
    });
    expect(await rig.ok<Page>('GET', `/switches?name=${body.name}`)).toMatchObject({ total: 1 });
  });

  it('refuses another request with the same key', async () => {
    await withKey('key-2', { name: aName('switch') });
    expect(await withKey('key-2', { name: aName('switch') })).toMatchObject({
      status: 422,
      body: { type: 'https://opendvs.dev/problems/idempotency-key-reused' },
    });
  });

  it('may be used again after a request that failed', async () => {
    const name = aName('switch');
    expect(await withKey('key-3', { name, mtuBytes: 1 })).toMatchObject({ status: 400 });
    expect(await withKey('key-3', { name })).toMatchObject({ status: 201 });
  });

  it('is forgotten after a day', async () => {
    const body = { name: aName('switch') };
    await withKey('key-4', body);
    await rig.sql(`update idempotency_keys set created_at = now() - interval '25 hours' where key = 'key-4'`);
    expect(await withKey('key-4', body)).toMatchObject({ status: 409 }); // carried out anew: the name is taken
  });

  it('covers bulk requests', async () => {
    const { port } = await aPlace(rig);
    const send = () =>
      rig.send('POST', '/ports/bulk', { create: [{ ...port, name: 'a' }] }, { 'idempotency-key': 'key-5' });
    const first = await send();
    expect(await send()).toMatchObject({ status: 200, body: first.body });
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
    const outbox = await outboxAfter(0);
    const last = new Map(outbox.map(({ key, entry }) => [key, entry]));
    for (const [key, entry] of last)
      expect(byKey.get(key) ?? null).toEqual(entry.object === null ? null : entry);
  });
});
