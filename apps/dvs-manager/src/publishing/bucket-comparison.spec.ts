import fc from 'fast-check';
import { type KeyedEntry, tombstone } from '../changes/desired-entry';
import { compareBucket, inFillOrder, inRevisionOrder, storeIdsIn } from './bucket-comparison';
import type { BucketContent, StoredEntry } from './desired-bucket';
import { entryDigest } from './entry-digest';

const STORE = '00000000-0000-4000-8000-000000000000';
const uuid = (n: number) => `00000000-0000-4000-8000-${`${n}`.padStart(12, '0')}`;

function switchAt(n: number, revision: number, mtuBytes = 1500): KeyedEntry {
  const id = uuid(n);
  const object = { id, revision, name: `switch ${n}`, mode: 'user-mode' as const, mtuBytes };
  return { key: `shared.switch.${id}`, entry: { kind: 'switch', revision, object } };
}

function bucketOf(entries: KeyedEntry[], more: [string, StoredEntry][] = []): BucketContent {
  const stored = entries.map(({ key, entry }, i): [string, StoredEntry] => [
    key,
    {
      readable: true,
      storeId: STORE,
      revision: entry.revision,
      digest: entryDigest(entry),
      deleted: entry.object === null,
      sequence: i + 1,
      storedAt: new Date(0),
    },
  ]);
  const revision = Math.max(0, ...entries.map(({ entry }) => entry.revision));
  return {
    entries: new Map([...stored, ...more]),
    revision,
    lastSequence: entries.length,
    lastMessageId: null,
    createdAt: 'then',
  };
}

describe('compareBucket', () => {
  it('finds nothing to do when both say the same, whatever the order of JSON members', () => {
    const { key, entry } = switchAt(1, 5);
    const reordered = JSON.parse(
      `{"object":${JSON.stringify(Object.fromEntries(Object.entries(entry.object!).reverse()))},"kind":"switch","revision":5}`,
    ) as KeyedEntry['entry'];
    expect(compareBucket([{ key, entry: reordered }], bucketOf([{ key, entry }]))).toEqual({
      missing: [],
      conflicting: [],
      onlyInBucket: [],
      unreadable: [],
    });
  });

  it('calls an entry missing that the bucket lacks, has older, or has unreadable', () => {
    const desired = [switchAt(1, 5), switchAt(2, 6), switchAt(3, 7)];
    const unreadable: StoredEntry = { readable: false, sequence: 9, storedAt: new Date(0) };
    const bucket = bucketOf([switchAt(2, 4)], [[switchAt(3, 7).key, unreadable]]);
    expect(compareBucket(desired, bucket).missing).toEqual(desired);
  });

  it('calls an entry conflicting that the bucket has newer, or with the same revision and other content', () => {
    const desired = [switchAt(1, 5), switchAt(2, 6)];
    const bucket = bucketOf([switchAt(1, 8), switchAt(2, 6, 9000)]);
    expect(compareBucket(desired, bucket)).toMatchObject({ missing: [], conflicting: desired });
  });

  it('tells live keys that only the bucket has from tombstones and from what no manager wrote', () => {
    const dead = tombstone('switch', switchAt(3, 9).key, 9);
    const garbage: StoredEntry = { readable: false, sequence: 9, storedAt: new Date(0) };
    const bucket = bucketOf([switchAt(2, 6), dead], [['shared.garbage', garbage]]);
    expect(compareBucket([], bucket)).toMatchObject({
      onlyInBucket: [{ key: switchAt(2, 6).key, revision: 6 }],
      unreadable: ['shared.garbage'],
    });
  });

  it('leaves, once its findings are applied in either order, a bucket that says what is desired', () => {
    const keys = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 8 });
    const revisions = fc.integer({ min: 1, max: 50 });
    fc.assert(
      fc.property(keys, keys, fc.array(revisions, { minLength: 16, maxLength: 16 }), (wanted, stored, at) => {
        const desired = wanted.map((n, i) => switchAt(n, 51 + i, 1500 + at[i]!));
        const bucket = bucketOf(stored.map((n, i) => switchAt(n, at[i + 8]!)));
        const { missing, conflicting, onlyInBucket } = compareBucket(desired, bucket);
        expect(conflicting).toEqual([]); // the bucket is older throughout
        const buried = onlyInBucket.map(({ key }) => tombstone('switch', key, 99));
        const merged = new Map(
          [...bucket.entries].map(([key, value]) => [key, value.readable ? value.revision : 0]),
        );
        for (const { key, entry } of inRevisionOrder([...missing, ...buried]))
          merged.set(key, entry.revision);
        for (const { key, entry } of desired) expect(merged.get(key)).toBe(entry.revision);
        for (const key of merged.keys())
          expect(desired.some((d) => d.key === key) || merged.get(key) === 99).toBe(true);
      }),
    );
  });
});

it('fills shared objects first and hosts last', () => {
  const kinds = ['host', 'port', 'switch', 'port-group'] as const;
  const entries = kinds.map((kind, i) => tombstone(kind, kind, i));
  expect(inFillOrder(entries).map(({ key }) => key)).toEqual(['switch', 'port-group', 'port', 'host']);
});

it('names every store that wrote into the bucket', () => {
  const other: StoredEntry = {
    readable: true,
    storeId: uuid(7),
    revision: 1,
    digest: 'x',
    deleted: false,
    sequence: 2,
    storedAt: new Date(0),
  };
  expect(storeIdsIn(bucketOf([switchAt(1, 1)], [['k', other]]))).toEqual(new Set([STORE, uuid(7)]));
});
