import { Publisher } from '../../apps/dvs-manager/src/publishing/publisher';
import { BucketRecorder, readBucket, Rig, until } from './manager-bus.rig';

jest.setTimeout(60_000);

describe('publishing', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start();
  });
  afterEach(() => rig.clean());
  afterAll(() => rig.stop());

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
});
