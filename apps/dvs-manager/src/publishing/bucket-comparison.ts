/**
 * What must be done so that the bucket says what PostgreSQL says: a pure comparison of both.
 *
 * Three things may have happened. The bucket lost something (wiped, an older copy, a key deleted by hand, or merely changes that the
 * outbox still holds): PostgreSQL's entries are written as they are. The database was restored from an older dump: the bucket
 * knows revisions that PostgreSQL hasn't given out, or the same revision with other content; such objects need a new revision, above
 * all that the bucket has, and objects that only the bus knows go back into PostgreSQL. Or the bucket is another
 * installation's, which is for people to decide.
 */
import { desiredKeys } from '@opendvs/contracts';
import type { KeyedEntry } from '../changes/desired-entry';
import type { BucketContent, StoredEntry } from './desired-bucket';
import { entryDigest } from './entry-digest';

export interface BucketDifference {
  /** PostgreSQL's entries that the bucket lacks or has older. */
  missing: KeyedEntry[];
  /** Entries that both have, the bucket's being of a lost time line: PostgreSQL's must get a new revision. */
  conflicting: KeyedEntry[];
  /** Live keys that only the bucket has, with their revision there: deleted here, or never known here. */
  onlyInBucket: { key: string; revision: number }[];
  /** Live keys that only the bucket has and that no manager wrote. */
  unreadable: string[];
}

/** Whose bucket it is must be settled before. Read `desired` after the bucket, else what was just published looks unknown. */
export function compareBucket(desired: readonly KeyedEntry[], bucket: BucketContent): BucketDifference {
  const difference: BucketDifference = {
    missing: [],
    conflicting: [],
    onlyInBucket: [],
    unreadable: [],
  };
  const known = new Set<string>([desiredKeys.meta]);
  for (const keyed of desired) {
    known.add(keyed.key);
    const state = compareKey(keyed, bucket.entries.get(keyed.key));
    if (state !== 'same') difference[state].push(keyed);
  }
  for (const [key, stored] of bucket.entries) {
    if (known.has(key)) continue;
    if (!stored.readable) difference.unreadable.push(key);
    else if (!stored.deleted) difference.onlyInBucket.push({ key, revision: stored.revision });
  }
  return difference;
}

/** The store ids that entries of the bucket bear. */
export function storeIdsIn(bucket: BucketContent): Set<string> {
  const ids = new Set<string>();
  for (const stored of bucket.entries.values()) if (stored.readable) ids.add(stored.storeId);
  return ids;
}

const FILL_ORDER = { switch: 0, 'port-group': 1, port: 2, host: 3, meta: 4 } as const;

/** Shared objects, then ports, then hosts' records (`shared.meta` follows): a half-filled bucket never looks complete. */
export function inFillOrder(entries: readonly KeyedEntry[]): KeyedEntry[] {
  return [...entries].sort((a, b) => FILL_ORDER[a.entry.kind] - FILL_ORDER[b.entry.kind] || byRevision(a, b));
}

/** As the outbox would have told them: for a bucket that hosts act on already. */
export function inRevisionOrder(entries: readonly KeyedEntry[]): KeyedEntry[] {
  return [...entries].sort(byRevision);
}

function byRevision(a: KeyedEntry, b: KeyedEntry): number {
  return a.entry.revision - b.entry.revision;
}

function compareKey(keyed: KeyedEntry, stored: StoredEntry | undefined): 'same' | 'missing' | 'conflicting' {
  if (!stored?.readable || stored.revision < keyed.entry.revision) return 'missing';
  if (stored.revision > keyed.entry.revision) return 'conflicting';
  return stored.digest === entryDigest(keyed.entry) ? 'same' : 'conflicting';
}
