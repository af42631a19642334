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

describe('ports asked for at the same moment', () => {
  it('are created together, each with the answer that it would have got alone', async () => {
    const { port, dvs } = await aPlace(rig);
    await rig.ok('POST', '/ports', { ...port, name: 'taken' });
    const before = await rig.revision();
    const bodies = Array.from({ length: 100 }, (_, i) => ({ ...port, name: `p${i}` }));
    bodies[40] = { ...port, name: 'taken' };
    bodies[60] = { ...port, name: 'p59' };
    bodies[80] = { ...port, name: 'lost', portGroupId: dvs.id };
    const answers = await Promise.all(
      bodies.map((body) => rig.send<Named & { number: number }>('POST', '/ports', body)),
    );
    const made = answers.filter(({ status }) => status === 201).map(({ body }) => body);
    expect(answers[40]?.status).toBe(409);
    expect(answers[80]?.status).toBe(422);
    expect([answers[59]?.status, answers[60]?.status].sort()).toEqual([201, 409]);
    expect(made).toHaveLength(97);
    expect(made.map(({ revision }) => revision).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 97 }, (_, i) => before + 1 + i),
    );
    expect(new Set(made.map(({ number }) => number)).size).toBe(97);
    for (const answer of answers) {
      if (answer.status !== 201) continue;
      expect(answer.headers).toMatchObject({
        etag: '"1"',
        location: `/api/v1/ports/${answer.body.id}`,
        'opendvs-revision': `${answer.body.revision}`,
      });
    }
    const rows = await rig.outboxAfter(before);
    expect(
      rows.map(({ entry }) => entry.object).map((object) => (object as { name: string }).name),
    ).toHaveLength(97);
  });

  it('name in history who asked for each', async () => {
    const { port } = await aPlace(rig);
    const { token } = await rig.ok<{ token: string }>('POST', '/tokens', { name: 'second-administrator' });
    const before = await rig.revision();
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        rig.ok(
          'POST',
          '/ports',
          { ...port, name: `${i % 2 ? 'odd' : 'even'}-${i}` },
          i % 2 ? { authorization: `Bearer ${token}` } : {},
        ),
      ),
    );
    const rows = await rig.sql<{ actor: string; object_name: string }>(
      'select actor, object_name from changes where revision > $1',
      [before],
    );
    expect(rows).toHaveLength(20);
    for (const { actor, object_name: name } of rows) {
      expect([name, actor]).toEqual([
        name,
        name.startsWith('odd') ? 'second-administrator' : 'administrator',
      ]);
    }
  });
});
