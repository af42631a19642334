import { jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { DESIRED_BUCKET, desiredEntrySchema } from '@opendvs/contracts';
import { Store } from '../../apps/dvs-manager/src/changes/store.service';
import { BucketGuard } from '../../apps/dvs-manager/src/publishing/bucket-guard';
import { BucketMovedError, DesiredBucket } from '../../apps/dvs-manager/src/publishing/desired-bucket';
import { PostgresTruth } from '../../apps/dvs-manager/src/publishing/postgres-truth.service';
import { Publisher } from '../../apps/dvs-manager/src/publishing/publisher';
import {
  BucketRecorder,
  mtuOf,
  purgeKeys,
  readBucket,
  Rig,
  storedOrder,
  type TestManager,
  type TestNats,
  until,
  untilPublished,
  withoutMeta,
} from './manager-bus.rig';

jest.setTimeout(60_000);

describe('publishing', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start();
  });
  afterEach(() => rig.clean());
  afterAll(() => rig.stop());

  async function aFilledBus(): Promise<{
    nats: TestNats;
    manager: TestManager;
    hostId: string;
    portIds: string[];
  }> {
    const database = await rig.newDatabase();
    const nats = await rig.newNats();
    const manager = await rig.manager(database, nats.url);
    const { hostId, portIds, revision } = await manager.createHostWithPorts(10);
    await untilPublished(nats.url, revision);
    return { nats, manager, hostId, portIds };
  }

  it('tells the bus of concurrent commits of two managers, once each, in the order of revisions', async () => {
    const database = await rig.newDatabase();
    const nats = await rig.newNats();
    const [a, b] = [await rig.manager(database, nats.url), await rig.manager(database, nats.url)];
    const recorder = await BucketRecorder.open(nats.url);
    rig.later(() => recorder.close());

    const made = await Promise.all(
      Array.from({ length: 100 }, (_, i) => (i % 2 ? a : b).createSwitch(`switch ${i}`)),
    );

    const last = Math.max(...made.map(({ revision }) => revision));
    await until('the last revision', () => recorder.seen.some(({ entry }) => entry.revision === last));
    const revisions = recorder.seen
      .filter(({ entry }) => entry.kind === 'switch')
      .map(({ entry }) => entry.revision);
    expect(revisions).toEqual([...revisions].sort((x, y) => x - y));
    expect(new Set(revisions)).toEqual(new Set(made.map(({ revision }) => revision)));
    const states = [a, b].map((manager) => manager.get(Publisher).state.state);
    expect(states.sort()).toEqual(['publishing', 'standby']);
    const content = await readBucket(nats.url);
    expect(content!.get('shared.meta')).toMatchObject({ kind: 'meta' });
    expect(content!.size).toBe(101);
  });

  it('hands over when the lock’s connection dies: nothing is lost or told out of order', async () => {
    const database = await rig.newDatabase();
    const nats = await rig.newNats();
    const managers = [await rig.manager(database, nats.url), await rig.manager(database, nats.url)];
    const recorder = await BucketRecorder.open(nats.url);
    rig.later(() => recorder.close());
    const leader = await until('a leader', () =>
      managers.find((m) => m.get(Publisher).state.state === 'publishing'),
    );
    const writer = managers.find((manager) => manager !== leader)!;

    const made: { revision: number }[] = [];
    const writing = (async () => {
      for (let i = 0; i < 150; i += 1) made.push(await writer.createSwitch(`switch ${i}`));
    })();
    await until('some changes on the bus', () => recorder.seen.length > 30);
    await rig.sql(
      `select pg_terminate_backend(l.pid) from pg_locks l join pg_stat_activity a using (pid)
       where l.locktype = 'advisory' and a.datname = '${database}' and l.granted`,
      rig.databaseUrl('postgres'),
    );
    await writing;

    const last = made.at(-1)!.revision;
    await until('the last revision', () => recorder.seen.some(({ entry }) => entry.revision === last));
    expectOnceAndInOrder(recorder, made);
  });

  it('stops a leader that lost its lock with puts in flight from overwriting what its successor wrote', async () => {
    const database = await rig.newDatabase();
    const nats = await rig.newNats();
    const manager = await rig.manager(database, nats.url);
    const { id } = await manager.createSwitch('one');
    await until('it on the bus', async () => (await readBucket(nats.url))?.has(`shared.switch.${id}`));
    const { object: store } = (await readBucket(nats.url))!.get('shared.meta')! as {
      object: { storeId: string };
    };
    const connection = await nats.connect();
    rig.later(() => connection.close());
    const bucket = await DesiredBucket.open(connection, store.storeId);
    const asSeenByTheOldLeader = await bucket.scan();
    const key = `shared.switch.${id}`;
    const old = { key, entry: (await readBucket(nats.url))!.get(key)! };

    for (const mtuBytes of [8998, 8999, 9000]) await manager.setMtu(id, mtuBytes);
    await until('the edits on the bus', async () => (await mtuOf(nats.url, id)) === 9000);
    const late = bucket.append([old, old, old, old, old, old], asSeenByTheOldLeader);
    await expect(late).rejects.toThrow(BucketMovedError);
    expect(await mtuOf(nats.url, id)).toBe(9000);
  });

  it('fills a JetStream store that was wiped, shared.meta last, and goes on', async () => {
    const database = await rig.newDatabase();
    const nats = await rig.newNats();
    const manager = await rig.manager(database, nats.url);
    const { hostId, portIds, revision } = await manager.createHostWithPorts(20);
    const before = await untilPublished(nats.url, revision);

    await nats.stop();
    const during = await manager.createSwitch('made while the bus was away');
    await nats.startAgain({ wiped: true });

    const after = await untilPublished(nats.url, during.revision, 5000);
    expect(withoutMeta(after)).toEqual(
      new Map([
        ...withoutMeta(before),
        [`shared.switch.${during.id}`, after.get(`shared.switch.${during.id}`)!],
      ]),
    );
    expect(after.has(`host.${hostId}.port.${portIds[0]}`)).toBe(true);
    const order = await storedOrder(nats.url);
    expect(order.at(-1)).toBe('shared.meta');
    expect(order.indexOf(`host.${hostId}.config`)).toBe(order.length - 2);
    const next = await manager.createSwitch('made after');
    await untilPublished(nats.url, next.revision);
  });

  it('corrects the history of a bucket that somebody else made', async () => {
    const database = await rig.newDatabase();
    const nats = await rig.newNats();
    const connection = await nats.connect();
    rig.later(() => connection.close());
    await new Kvm(connection).create(DESIRED_BUCKET, { history: 9 });
    const manager = await rig.manager(database, nats.url);
    const { revision } = await manager.createSwitch('one');
    await untilPublished(nats.url, revision);
    const { streams } = await jetstreamManager(connection);
    expect((await streams.info(`KV_${DESIRED_BUCKET}`)).config.max_msgs_per_subject).toBe(1);
  });

  it('fills a bucket that was left half-filled', async () => {
    const { nats, manager, portIds, hostId } = await aFilledBus();
    await purgeKeys(nats.url, ['shared.meta', `host.${hostId}.config`, `host.${hostId}.port.${portIds[3]}`]);
    await until('shared.meta', async () => (await readBucket(nats.url))!.has('shared.meta'));
    const content = (await readBucket(nats.url))!;
    expect(content.has(`host.${hostId}.port.${portIds[3]}`)).toBe(true);
    expect(content.get(`host.${hostId}.config`)?.object).not.toBeNull();
    const next = await manager.createSwitch('next');
    await untilPublished(nats.url, next.revision);
  });

  it('repairs keys that were lost, garbled or overwritten by somebody else', async () => {
    const { nats, hostId, portIds } = await aFilledBus();
    const before = withoutMeta((await readBucket(nats.url))!);
    const [lost, garbled] = [`host.${hostId}.port.${portIds[0]}`, `host.${hostId}.port.${portIds[1]}`];
    const connection = await nats.connect();
    rig.later(() => connection.close());
    const bucket = await new Kvm(connection).open(DESIRED_BUCKET);
    await bucket.put(garbled, '{"kind":"port","revision":1,"object":"nonsense"}');
    await bucket.delete(lost);
    await until('both repaired', async () => {
      const texts = await Promise.all(
        [lost, garbled].map(async (key) => (await bucket.get(key))?.string() ?? ''),
      );
      return texts.every(
        (text) => desiredEntrySchema.safeParse(text === '' ? null : JSON.parse(text)).success,
      );
    });
    expect(withoutMeta((await readBucket(nats.url))!)).toEqual(before);
  });

  it('delivers a burst of edits over a bus that is killed and comes back, in the order of revisions', async () => {
    const database = await rig.newDatabase();
    const nats = await rig.newNats();
    const manager = await rig.manager(database, nats.url);
    const { id } = await manager.createSwitch('edited');
    await untilPublished(nats.url, 1);
    const made: { id: string; revision: number }[] = [];
    const writing = (async () => {
      for (let i = 0; i < 200; i += 1) {
        made.push(await manager.createSwitch(`switch ${i}`));
        await manager.setMtu(id, 1500 + i);
      }
    })();
    await until('half of them made', () => made.length > 60);
    await nats.stop();
    await until('more made without the bus', () => made.length > 120);
    await nats.startAgain();
    await writing;

    const content = await untilPublished(nats.url, made.at(-1)!.revision + 1, 5000);
    for (const { id: madeId, revision } of made)
      expect(content.get(`shared.switch.${madeId}`)).toMatchObject({ revision, object: { id: madeId } });
    expect(await mtuOf(nats.url, id)).toBe(1699);
    expect(await rig.sql('select 1 from outbox', rig.databaseUrl(database))).toEqual([]);
  });

  it('starts without the bus, and publishes once it is there', async () => {
    const database = await rig.newDatabase();
    const nats = await rig.newNats();
    await nats.stop();
    const manager = await rig.manager(database, nats.url);
    const { revision } = await manager.createSwitch('early');
    await nats.startAgain();
    await untilPublished(nats.url, revision, 5000);
  });

  it('says so while PostgreSQL is away, and goes on within 5 s of its return', async () => {
    const { nats, manager } = await aFilledBus();
    await rig.stopPostgres();
    expect(await manager.request('POST', '/switches', { name: 'not now' })).toMatchObject({ status: 503 });
    await until(
      'readiness to say so',
      async () => (await manager.app.inject({ url: '/readyz' })).statusCode === 503,
    );
    await rig.startPostgresAgain();
    const backAt = performance.now();
    const made = await until('a change', () => manager.createSwitch('now').catch(() => null));
    await untilPublished(nats.url, made.revision);
    expect(performance.now() - backAt).toBeLessThan(5000);
  });

  it('tells of its state and backlog', async () => {
    const { nats, manager } = await aFilledBus();
    await until(
      'an empty outbox',
      async () => (await manager.request('GET', '/publishing')).body.waitingChanges === 0,
    );
    expect((await manager.request('GET', '/publishing')).body).toEqual({
      state: 'publishing',
      since: null,
      reason: null,
      busConnected: true,
      busReason: null,
      waitingChanges: 0,
      oldestWaitingSeconds: null,
    });
    await nats.stop();
    await manager.createSwitch('waiting');
    await until(
      'it held up',
      async () => (await manager.request('GET', '/publishing')).body.state === 'held-up',
    );
    expect((await manager.request('GET', '/publishing')).body).toMatchObject({
      busConnected: false,
      busReason: expect.stringMatching(/connection/) as string,
      waitingChanges: 1,
      oldestWaitingSeconds: expect.any(Number) as number,
    });
    await nats.startAgain();
    await until(
      'an empty outbox again',
      async () => (await manager.request('GET', '/publishing')).body.waitingChanges === 0,
    );
  });

  it('removes tombstones an hour after the deletion, once shared.meta has said so', async () => {
    const { nats, manager } = await aFilledBus();
    const { id } = await manager.createSwitch('short-lived');
    const { revision } = await manager.change('DELETE', `/switches/${id}`);
    const key = `shared.switch.${id}`;
    await until('its tombstone', async () => (await readBucket(nats.url))!.get(key)?.object === null);
    const connection = await nats.connect();
    rig.later(() => connection.close());
    const storeId = await manager.get(Store).id();
    const bucket = await DesiredBucket.open(connection, storeId);
    const guard = new BucketGuard(manager.get(PostgresTruth), storeId, 1, {
      log: () => undefined,
      warn: () => undefined,
    });
    const content = await bucket.scan();

    await guard.purgeTombstones(bucket, content, new Date(Date.now() + 3_590_000));
    expect((await readBucket(nats.url))!.has(key)).toBe(true);
    await guard.purgeTombstones(bucket, content, new Date(Date.now() + 3_610_000));
    const after = (await readBucket(nats.url))!;
    expect(after.has(key)).toBe(false);
    expect(after.get('shared.meta')!.revision).toBeGreaterThanOrEqual(revision);
    const next = await manager.createSwitch('next');
    expect((await untilPublished(nats.url, next.revision)).has(key)).toBe(false);
  });

  it('leaves the bucket of another database alone, says so, and publishes once that is gone', async () => {
    const { nats, manager: owner } = await aFilledBus();
    await owner.stop();
    const before = (await readBucket(nats.url))!;
    const other = await rig.newDatabase();
    await rig.sql(`update store set store_id = gen_random_uuid()`, rig.databaseUrl(other));
    const manager = await rig.manager(other, nats.url);
    const { revision } = await manager.createSwitch('mine');
    const publisher = manager.get(Publisher);
    await until('it to stop', () => publisher.state.state === 'stopped');
    expect(publisher.state).toMatchObject({
      reason: expect.stringMatching(/belongs to another database.*nats kv del/) as string,
    });
    expect(await readBucket(nats.url)).toEqual(before);

    const connection = await nats.connect();
    rig.later(() => connection.close());
    await (await jetstreamManager(connection)).streams.delete(`KV_${DESIRED_BUCKET}`);
    const content = await untilPublished(nats.url, revision, 10_000);
    expect([...withoutMeta(content).values()].map(({ object }) => object)).toMatchObject([{ name: 'mine' }]);
  });
});

function expectOnceAndInOrder(recorder: BucketRecorder, made: readonly { revision: number }[]): void {
  const revisions = recorder.seen
    .filter(({ entry }) => entry.kind === 'switch')
    .map(({ entry }) => entry.revision);
  expect(revisions).toEqual([...revisions].sort((x, y) => x - y));
  expect(revisions).toEqual(made.map(({ revision }) => revision).sort((x, y) => x - y));
}
