/** Many clients at once, several managers, and a database that goes away: nobody's change gets lost, and order stays order. */
import { createManager } from '../../apps/dvs-manager/src/manager';
import { type EmbeddedServer, freePort, startPostgres } from '@opendvs/embedded';
import { ManagerRig, type Named, type Problem, aName, aPlace, some } from './manager-api-rig';

let rig: ManagerRig;
beforeAll(async () => {
  rig = await ManagerRig.start({ publishing: false });
}, 60_000);
afterAll(() => rig?.stop());

const times = <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));
const countOf = (answers: { status: number }[], status: number) =>
  answers.filter((answer) => answer.status === status).length;

describe('clients at the same time', () => {
  it('change an object one after the other: of two that saw the same version, one is refused', async () => {
    const { group } = await aPlace(rig);
    const answers = await times(2, (i) =>
      rig.send('PATCH', `/port-groups/${group.id}`, { vlanId: 200 + i }, { 'if-match': '"1"' }),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    const winner = answers.find(({ status }) => status === 200)!;
    expect(await rig.ok('GET', `/port-groups/${group.id}`)).toMatchObject({
      vlanId: winner.body.vlanId,
      version: 2,
    });
  });

  it('who change whatever there is (If-Match: *) lose nothing: each change is in history', async () => {
    const { group } = await aPlace(rig);
    await times(10, (i) =>
      rig.ok('PATCH', `/port-groups/${group.id}`, { vlanId: 201 + i }, { 'if-match': '*' }),
    );
    const { items } = await rig.ok<{ items: { before: { version: number }; after: { version: number } }[] }>(
      'GET',
      `/changes?objectId=${group.id}&sort=revision`,
    );
    expect(items.slice(1).map(({ before, after }) => [before.version, after.version])).toEqual(
      Array.from({ length: 10 }, (_, i) => [i + 1, i + 2]),
    );
  });

  it('create one object of 50 with the same name', async () => {
    const { port } = await aPlace(rig);
    const answers = await times(50, () => rig.send<Problem>('POST', '/ports', { ...port, name: 'wanted' }));
    expect([countOf(answers, 201), countOf(answers, 409)]).toEqual([1, 49]);
  });

  it('do work once that has one Idempotency-Key, whoever comes first', async () => {
    const body = { name: aName('switch') };
    const answers = await times(10, () => rig.send('POST', '/switches', body, { 'idempotency-key': 'race' }));
    const made = answers.filter(({ status }) => status === 201);
    expect(new Set(made.map((answer) => answer.body.id)).size).toBe(1);
    expect(made.length + countOf(answers, 409)).toBe(10);
    for (const { status, body: problem } of answers)
      if (status === 409) expect(problem.type).toMatch(/request-in-flight$/);
  });

  it('either delete a port group or put a port into it, never both', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { group, port } = await aPlace(rig);
      const [created, removed] = await Promise.all([
        rig.send('POST', '/ports', { ...port, name: 'p' }),
        rig.send('DELETE', `/port-groups/${group.id}`),
      ]);
      expect([
        [201, 409],
        [422, 204],
      ]).toContainEqual([created.status, removed.status]);
    }
  });

  it('either narrow the VLAN pools or use a VLAN outside them, never both', async () => {
    for (let round = 0; round < 5; round += 1) {
      const dvs = await rig.ok<Named>('POST', '/switches', { name: aName('switch') });
      const [narrowed, used] = await Promise.all([
        rig.send('PATCH', `/switches/${dvs.id}`, { vlanPools: '1-99' }, { 'if-match': '*' }),
        rig.send('POST', '/port-groups', { switchId: dvs.id, name: 'g', vlanId: 100 }),
      ]);
      expect([
        [409, 201],
        [200, 422],
      ]).toContainEqual([narrowed.status, used.status]);
    }
  });

  it('give a NIC to one switch only', async () => {
    const { host, dvs } = await aPlace(rig);
    const other = await rig.ok<Named>('POST', '/switches', { name: aName('switch') });
    await rig.ok('PUT', `/switches/${other.id}/hosts/${host.id}`);
    const answers = await Promise.all(
      [dvs, other].map(({ id }) =>
        rig.send('POST', '/uplink-groups', {
          name: id,
          hostId: host.id,
          switchId: id,
          members: [{ kernelName: 'eth1' }],
        }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  });
});

describe('several managers on one database', () => {
  it('number changes in the order of their commits, without gaps, each revision once in history and outbox', async () => {
    const second = await createManager(rig.config, false);
    try {
      const { port, host } = await aPlace(rig);
      const before = await rig.revision();
      const answers = await times(60, (i) => {
        const app = i % 2 === 0 ? rig.app : second;
        return app.inject({
          method: 'POST',
          url: '/api/v1/ports',
          headers: { authorization: `Bearer ${rig.token}` },
          payload: { ...port, name: `p${i}` },
        });
      });
      expect(
        countOf(
          answers.map(({ statusCode }) => ({ status: statusCode })),
          201,
        ),
      ).toBe(60);
      const numbers = answers.map((answer) => answer.json<{ number: number }>().number).sort((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
      const expected = Array.from({ length: 60 }, (_, i) => before + 1 + i);
      for (const table of ['changes', 'outbox']) {
        const rows = await rig.sql<{ revision: string }>(
          `select revision from ${table} where revision > $1 order by 1`,
          [before],
        );
        expect(rows.map(({ revision }) => Number(revision))).toEqual(expected);
      }
      // commit order: who committed later (xmin's commit is not kept; clock_timestamp was taken under the counter's lock) has the higher number
      const times_ = await rig.sql<{ at: Date }>(
        'select at from changes where revision > $1 order by revision',
        [before],
      );
      const stamps = times_.map(({ at }) => at.getTime());
      expect(stamps).toEqual([...stamps].sort((a, b) => a - b));
      const stored = await rig.sql<{ id: string; revision: string }>(
        'select id, revision from ports where host_id = $1',
        [host.id],
      );
      const answered = new Map(
        answers.map((answer) => [answer.json<Named>().id, answer.json<Named>().revision]),
      );
      for (const { id, revision } of stored) expect(answered.get(id)).toBe(Number(revision));
    } finally {
      await second.close();
    }
  });
});

describe('waiting for hosts', () => {
  it('ends at the timeout with 202, the saved object, and what each host says', async () => {
    const { port, host } = await aPlace(rig);
    const answer = await rig.send('POST', '/ports?wait=applied&timeoutMs=50', { ...port, name: 'p' });
    expect(answer).toMatchObject({
      status: 202,
      headers: { etag: '"1"' },
      body: {
        name: 'p',
        applied: false,
        waitingFor: [{ hostId: host.id, reason: some.containing('never reported') }],
        failures: [],
      },
    });
    expect(
      await rig.send('DELETE', `/ports/${String(answer.body.id)}?wait=applied&timeoutMs=0`),
    ).toMatchObject({
      status: 202,
      body: { applied: false },
    });
  });

  it('is over at once where no host is concerned', async () => {
    const answer = await rig.send('POST', '/switches?wait=applied', { name: aName('switch') });
    expect(answer).toMatchObject({ status: 201, body: { applied: true } });
    expect(await rig.send('DELETE', `/switches/${String(answer.body.id)}?wait=applied`)).toMatchObject({
      status: 200,
      body: { applied: true },
    });
  });
});

describe('PostgreSQL away', () => {
  const restart = (server: { dataDir: string; port: number }): Promise<EmbeddedServer> =>
    startPostgres({ ...server, fsync: false });

  it('is told with 503 and Retry-After, and over as soon as it is back', async () => {
    const port = await freePort();
    const second = await ManagerRig.start({ postgresPort: port });
    let back: EmbeddedServer | null = null;
    try {
      await second.ok('POST', '/switches', { name: 'before' });
      await second.postgres.stop();
      for (const [method, path, body] of [
        ['POST', '/switches', { name: 'meanwhile' }],
        ['GET', '/switches', undefined],
        ['GET', '//readyz', undefined],
      ] as const) {
        const answer = await second.send<Problem>(method, path, body);
        expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, body: { status: 503 } });
        expect(JSON.stringify(answer.body)).not.toMatch(/select|ECONN|127\.0\.0\.1/i);
      }
      expect(await second.send('GET', '//healthz')).toMatchObject({ status: 200 });
      back = await restart({ dataDir: second.postgresDir, port });
      expect(await second.send('POST', '/switches', { name: 'after' })).toMatchObject({ status: 201 });
      expect(await second.ok('GET', '/switches?sort=name')).toMatchObject({
        items: [{ name: 'after' }, { name: 'before' }],
      });
    } finally {
      await second.stop();
      await back?.stop();
    }
  }, 60_000);
});
