/** Finding things again, reading the past, and repeating a request safely. */
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
  rig = await ManagerRig.start();
}, 60_000);
afterAll(() => rig?.stop());

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
