/** A database restored from an older dump, with hosts that know more than it does. */
import { desiredKeys } from '@opendvs/contracts';
import { Publisher } from '../../apps/dvs-manager/src/publishing/publisher';
import {
  BucketRecorder,
  mtuOf,
  readBucket,
  Rig,
  type TestManager,
  type TestNats,
  until,
  untilPublished,
} from './manager-bus.rig';

jest.setTimeout(60_000);

describe('a restored database', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start();
  });
  afterEach(() => rig.clean());
  afterAll(() => rig.stop());

  /** A manager on a copy of the database as it was when `before` was done, after `lost` was done and published. */
  async function restore(
    before: (manager: TestManager) => Promise<unknown>,
    lost: (manager: TestManager) => Promise<{ revision: number }>,
  ): Promise<{ nats: TestNats; database: string; start: () => Promise<TestManager> }> {
    const [original, nats] = [await rig.newDatabase(), await rig.newNats()];
    const first = await rig.manager(original, nats.url);
    await before(first);
    await first.stop();
    const dump = await rig.newDatabase(original);
    const second = await rig.manager(original, nats.url);
    const { revision } = await lost(second);
    await untilPublished(nats.url, revision);
    await second.stop();
    return { nats, database: dump, start: () => rig.manager(dump, nats.url) };
  }

  const settled = (manager: TestManager) =>
    until('publishing', () => manager.get(Publisher).state.state === 'publishing');

  it('gets back what only the bus knows, and never deletes a port that runs', async () => {
    const { nats, start } = await restore(
      (manager) => manager.createSwitch('old'),
      (manager) => manager.createHostWithPorts(3),
    );
    const recorder = await BucketRecorder.open(nats.url);
    rig.later(() => recorder.close());
    const before = (await readBucket(nats.url))!;
    const bucketRevision = Math.max(...[...before.values()].map(({ revision }) => revision));

    const manager = await start();
    await settled(manager);

    const ports = (await manager.request('GET', '/ports')).body as {
      total: number;
      items: { id: string; revision: number }[];
    };
    expect(ports.total).toBe(3);
    for (const { revision } of ports.items) expect(revision).toBeGreaterThan(bucketRevision);
    const changes = (await manager.request('GET', '/changes?limit=1000')).body as {
      items: { actor: string; action: string; kind: string }[];
    };
    const recovered = changes.items.filter(({ actor }) => actor === 'system:recovery');
    expect(recovered.filter(({ kind, action }) => kind === 'port' && action === 'adopt')).toHaveLength(3);
    expect(recorder.seen.filter(({ entry }) => entry.object === null)).toEqual([]);
    const after = (await readBucket(nats.url))!;
    for (const [key, entry] of before)
      if (key !== desiredKeys.meta)
        expect(withoutRevision(after.get(key)!.object)).toEqual(withoutRevision(entry.object));
    const next = await manager.createSwitch('next');
    await untilPublished(nats.url, next.revision);
    expect(next.revision).toBeGreaterThan(bucketRevision);
  });

  it('wins for every object that it has, with a revision above all that the bucket had', async () => {
    let id = '';
    const { nats, start } = await restore(
      async (manager) => {
        ({ id } = await manager.createSwitch('edited later'));
      },
      async (manager) => ({ revision: await manager.setMtu(id, 9000) }),
    );
    expect(await mtuOf(nats.url, id)).toBe(9000);
    const manager = await start();
    await settled(manager);
    expect(await mtuOf(nats.url, id)).toBe(1500);
    const entry = (await readBucket(nats.url))!.get(desiredKeys.switch(id))!;
    expect((await manager.request('GET', `/switches/${id}`)).body).toMatchObject({
      mtuBytes: 1500,
      revision: entry.revision,
    });
  });

  it('is noticed even when edits since the restore have overtaken the bucket’s revisions', async () => {
    let [a, b] = ['', ''];
    const { nats, start } = await restore(
      async (manager) => {
        [a, b] = [(await manager.createSwitch('a')).id, (await manager.createSwitch('b')).id];
      },
      async (manager) => {
        await manager.setMtu(a, 9000);
        return { revision: await manager.setMtu(b, 8000) };
      },
    );
    await nats.stop();
    const manager = await start();
    await manager.setMtu(b, 2000); // the same revision as the lost edit of a, of another object
    for (let mtuBytes = 3001; mtuBytes <= 3005; mtuBytes += 1) await manager.setMtu(b, mtuBytes);
    await nats.startAgain();
    await settled(manager);
    await until(
      'both as PostgreSQL has them',
      async () => (await mtuOf(nats.url, a)) === 1500 && (await mtuOf(nats.url, b)) === 3005,
    );
  });

  it('tells apart two time lines that gave the same revision to different contents', async () => {
    let id = '';
    const { nats, start } = await restore(
      async (manager) => {
        ({ id } = await manager.createSwitch('x'));
      },
      async (manager) => ({ revision: await manager.setMtu(id, 9000) }),
    );
    await nats.stop();
    const manager = await start();
    await manager.setMtu(id, 8000);
    await nats.startAgain();
    await settled(manager);
    await until('PostgreSQL’s', async () => (await mtuOf(nats.url, id)) === 8000);
  });

  it('honours deletions made since the restore', async () => {
    let id = '';
    const { nats, start } = await restore(
      async (manager) => {
        ({ id } = await manager.createSwitch('doomed'));
      },
      async (manager) => ({ revision: await manager.setMtu(id, 9000) }),
    );
    await nats.stop();
    const manager = await start();
    await manager.change('DELETE', `/switches/${id}`);
    await nats.startAgain();
    await settled(manager);
    await until(
      'its tombstone',
      async () => (await readBucket(nats.url))!.get(desiredKeys.switch(id))?.object === null,
    );
    expect((await manager.request('GET', `/switches/${id}`)).status).toBe(404);
  });

  it('keeps uplinks and memberships that only the bus has for a host that it knows', async () => {
    let hostId = '';
    let switchId = '';
    const { nats, start } = await restore(
      async (manager) => {
        ({ hostId } = await manager.createHostWithPorts(1));
      },
      async (manager) => {
        ({ id: switchId } = await manager.createSwitch('second'));
        await manager.change('PUT', `/switches/${switchId}/hosts/${hostId}`);
        return manager.change('POST', '/uplink-groups', {
          hostId,
          switchId,
          name: 'up',
          members: [{ kernelName: 'eth1' }],
        });
      },
    );
    const manager = await start();
    await settled(manager);
    const entry = (await readBucket(nats.url))!.get(desiredKeys.host(hostId))!;
    expect(
      entry.kind === 'host' && entry.object!.switches.find((part) => part.switchId === switchId)?.uplinkGroup,
    ).toMatchObject({ name: 'up' });
    expect((await manager.request('GET', `/uplink-groups?hostId=${hostId}`)).body).toMatchObject({
      total: 1,
    });
  });
});

function withoutRevision(object: object | null): object | null {
  return object && { ...object, revision: 0 };
}
