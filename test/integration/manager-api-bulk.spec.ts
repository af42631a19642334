/** Many ports at once: asked for in one request, or in many at the same moment. */
import { ManagerRig, type Named, type Problem, aPlace } from './manager-api-rig';

interface Page {
  items: Named[];
  total: number;
}

let rig: ManagerRig;
beforeAll(async () => {
  rig = await ManagerRig.start({ publishing: false });
}, 60_000);
afterAll(() => rig?.stop());

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
    const rows = await rig.outboxAfter(before);
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
