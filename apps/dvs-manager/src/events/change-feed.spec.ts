import { ChangeFeed, type CommittedChange } from './change-feed';

const change = (revision: number): CommittedChange => ({
  revision,
  at: new Date(),
  actor: 'a',
  action: 'create',
  kind: 'switch',
  objectId: 'x',
  objectName: 'x',
  before: null,
  after: null,
});

class Table {
  rows: CommittedChange[] = [];
  counter = 0;
  reads = 0;
  failures = 0;
  onRead: () => void = () => undefined;

  commit(...revisions: number[]): void {
    this.rows.push(...revisions.map(change));
    this.counter = Math.max(this.counter, ...revisions);
  }

  currentRevision = async () => this.counter;
  after = async (revision: number, limit: number) => {
    this.reads += 1;
    if (this.failures-- > 0) throw new Error('no PostgreSQL');
    const page = this.rows.filter((row) => row.revision > revision).slice(0, limit);
    this.onRead();
    await new Promise(setImmediate);
    return page;
  };
}

describe('ChangeFeed', () => {
  let table: Table;
  let feed: ChangeFeed;
  let told: number[];
  beforeEach(async () => {
    table = new Table();
    table.commit(1, 2);
    feed = new ChangeFeed(table, { warn: () => undefined });
    told = [];
    feed.subscribe((changes) => told.push(...changes.map(({ revision }) => revision)));
    await feed.start();
  });

  it('tells each change after its start once, in order, with gaps and over pages', async () => {
    table.commit(...Array.from({ length: 1201 }, (_, i) => 3 + 2 * i));
    await feed.catchUp();
    await feed.catchUp();
    expect(told).toEqual(Array.from({ length: 1201 }, (_, i) => 3 + 2 * i));
    expect(feed.head).toBe(2403);
  });

  it('misses nothing that is committed while it reads', async () => {
    table.commit(3);
    table.onRead = () => {
      table.onRead = () => undefined;
      table.commit(4); // after the page was read
      void feed.catchUp();
    };
    await feed.catchUp();
    expect(told).toEqual([3, 4]);
  });

  it('tries again by itself when PostgreSQL was away', async () => {
    table.commit(3);
    table.failures = 1;
    const arrived = new Promise<void>((resolve) => feed.subscribe(() => resolve()));
    feed.poke(3);
    await arrived;
    expect(told).toEqual([3]);
    feed.stop();
  });

  it('notices that revisions went back, and tells what is committed from there', async () => {
    let resets = 0;
    feed.onReset(() => (resets += 1));
    table.rows = [change(1)];
    table.counter = 1;
    await feed.catchUp();
    expect(resets).toBe(1);
    table.commit(2);
    await feed.catchUp();
    expect(told).toEqual([2]);
  });
});
