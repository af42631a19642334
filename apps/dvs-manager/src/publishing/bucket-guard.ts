/**
 * Brings the bucket in line with PostgreSQL: when an instance becomes leader, when the bus or the bucket has been away or was written to by
 * others, and when PostgreSQL's counter is behind the bucket. docs/architecture.md, "Filling" and "Restored database".
 *
 * Never deletes what runs: an object that only the bus knows gets a tombstone only if PostgreSQL's history says that it was deleted.
 */
import { desiredKeys, type DesiredEntry } from '@opendvs/contracts';
import type { KeyedEntry } from '../changes/desired-entry';
import {
  compareBucket,
  inFillOrder,
  inRevisionOrder,
  storeIdsIn,
  type BucketDifference,
} from './bucket-comparison';
import type { BucketContent, DesiredBucket } from './desired-bucket';

/** What the guard asks of PostgreSQL. */
export interface DesiredTruth {
  /** The counter of revisions, read now. */
  revision(): Promise<number>;
  loadAll(): Promise<KeyedEntry[]>;
  /** Which of these keys were live once and then deleted, with the tombstone of each. */
  tombstonesOf(keys: readonly string[]): Promise<KeyedEntry[]>;
  /** Each change gets a new revision above `above`. Can be broken off anywhere: another comparison finds what is left to do. */
  recover(recovery: Recovery): Promise<void>;
  /** Everything up to the revision is on the bus, whatever the outbox says. */
  forgetOutboxUpTo(revision: number): Promise<void>;
}

/** After a restore of an older dump. */
export interface Recovery {
  above: number;
  /** PostgreSQL's objects that the bus knows otherwise: published again. */
  republish: KeyedEntry[];
  /** Objects deleted in PostgreSQL that the bus has alive with a later revision: their tombstones are published again. */
  bury: KeyedEntry[];
  /** As the bus has them: objects that only it knows, and hosts that it knows otherwise, whose parts may be known to it only. Taken back. */
  adopt: KeyedEntry[];
}

export interface GuardLog {
  log(message: string): void;
  warn(message: string): void;
}

const PUT_BATCH = 500;
const RECOVERY_ROUNDS_MAX = 3;
const TOMBSTONE_AGE_MS = 3_600_000;

export class BucketGuard {
  /** @param replicas how many NATS servers keep a copy */
  constructor(
    private readonly truth: DesiredTruth,
    private readonly storeId: string,
    private readonly replicas: number,
    private readonly logger: GuardLog,
  ) {}

  /**
   * Afterwards the bucket says all that PostgreSQL said when this began. @returns its content
   * @throws ForeignBucketError when it belongs to another database; it is left as it was
   */
  async bringInLine(bucket: DesiredBucket): Promise<BucketContent> {
    await bucket.ensure(this.replicas);
    const objection = await bucket.configure(this.replicas);
    if (objection !== null)
      this.logger.warn(`the bucket stays without ${this.replicas} replicas and a history of 1: ${objection}`);
    const content = await bucket.scan();
    const metaRevision = await this.checkOwner(bucket, content);
    let lostRevision = 0;
    const tried = new Set<string>();
    for (let round = 1; ; round += 1) {
      const revision = await this.truth.revision();
      const difference = compareBucket(await this.truth.loadAll(), content);
      const buried = await this.truth.tombstonesOf(difference.onlyInBucket.map(({ key }) => key));
      const behind = content.revision > revision;
      if (behind) lostRevision = content.revision;
      const recovery = planRecovery(difference, buried, lostRevision, tried);
      for (const key of recovery.adoptKeys) tried.add(key);
      if (!behind && isEmpty(recovery)) {
        await this.write(bucket, content, { difference, buried, revision, metaRevision });
        return content;
      }
      if (round === RECOVERY_ROUNDS_MAX)
        throw new Error('the recovery of a restored database does not converge; trying again');
      await this.recover(bucket, content, recovery);
    }
  }

  /** Removes tombstones older than an hour; first says in `shared.meta` that their revisions have been there. */
  async purgeTombstones(bucket: DesiredBucket, content: BucketContent, now: Date): Promise<void> {
    const old = [...content.entries].filter(
      ([, stored]) =>
        stored.readable && stored.deleted && now.getTime() - stored.storedAt.getTime() > TOMBSTONE_AGE_MS,
    );
    if (old.length === 0) return;
    await bucket.append([this.meta(content.revision)], content);
    for (const [key, stored] of old) {
      await bucket.purge(key, stored.sequence);
      content.entries.delete(key);
    }
    this.logger.log(`removed ${old.length} tombstones older than an hour from the bucket`);
  }

  /** @returns the revision that `shared.meta` names, null when there is none that can be read */
  private async checkOwner(bucket: DesiredBucket, content: BucketContent): Promise<number | null> {
    const [meta] = await bucket.read([desiredKeys.meta]);
    const object = meta?.entry.kind === 'meta' ? meta.entry.object : null;
    const owners = storeIdsIn(content);
    if (object) owners.add(object.storeId);
    owners.delete(this.storeId);
    if (owners.size > 0) throw new ForeignBucketError([...owners][0]!, this.storeId);
    return object && content.entries.get(desiredKeys.meta)?.readable ? object.revision : null;
  }

  private async recover(bucket: DesiredBucket, content: BucketContent, plan: RecoveryPlan): Promise<void> {
    const { adoptKeys, ...rest } = plan;
    const adopt = await bucket.read(adoptKeys);
    markUnreadable(content, adoptKeys, adopt);
    this.logger.warn(
      `the bus is newer than the database (restored from an older dump?): raising revisions above ${content.revision}, ` +
        `publishing ${rest.republish.length} objects again, taking back what only the bus knows of ${adopt.length}`,
    );
    await this.truth.recover({ ...rest, adopt, above: content.revision });
  }

  private async write(bucket: DesiredBucket, content: BucketContent, found: Findings): Promise<void> {
    const { difference, buried, revision, metaRevision } = found;
    if (difference.unreadable.length > 0)
      this.logger.warn(
        `left alone: ${difference.unreadable.length} keys in the bucket that no manager wrote, such as ${difference.unreadable[0]}`,
      );
    const filling = metaRevision === null;
    const entries = [...difference.missing, ...buried];
    const ordered = filling ? inFillOrder(entries) : inRevisionOrder(entries);
    for (let i = 0; i < ordered.length; i += PUT_BATCH)
      await bucket.append(ordered.slice(i, i + PUT_BATCH), content);
    if (filling || ordered.length > 0)
      await bucket.append([this.meta(Math.max(revision, metaRevision ?? 0))], content);
    await this.truth.forgetOutboxUpTo(revision);
    if (ordered.length > 0)
      this.logger.log(
        `${filling ? 'filled the bucket with' : 'brought the bucket up to date:'} ${ordered.length} objects`,
      );
  }

  private meta(revision: number): KeyedEntry {
    const entry: DesiredEntry = { kind: 'meta', revision, object: { storeId: this.storeId, revision } };
    return { key: desiredKeys.meta, entry };
  }
}

/** The bucket bears another store's id. Only people can say which of both is right. */
export class ForeignBucketError extends Error {
  override readonly name = 'ForeignBucketError';
  constructor(
    readonly bucketStoreId: string,
    readonly ownStoreId: string,
  ) {
    super(
      `the bucket opendvs-desired belongs to another database (store ${bucketStoreId}, ours is ${ownStoreId}); nothing is published. ` +
        'If this database is the right one, delete the bucket ("nats kv del opendvs-desired") and it will be filled; else restore the right database, or point NATS_URL elsewhere',
    );
  }
}

interface Findings {
  difference: BucketDifference;
  buried: KeyedEntry[];
  revision: number;
  metaRevision: number | null;
}

type RecoveryPlan = Pick<Recovery, 'republish' | 'bury'> & { adoptKeys: string[] };

/**
 * `lostRevision`: the last revision of the time line that PostgreSQL has lost, 0 if it hasn't; what it published since under numbers up to
 * there must be published above it, as hosts have seen that number.
 * `tried`: what could not be taken back; it stays on the bus only.
 */
function planRecovery(
  difference: BucketDifference,
  tombstones: KeyedEntry[],
  lostRevision: number,
  tried: ReadonlySet<string>,
): RecoveryPlan {
  const tombstoneOf = new Map(tombstones.map((keyed) => [keyed.key, keyed]));
  const adoptKeys: string[] = [];
  const bury: KeyedEntry[] = [];
  for (const { key, revision } of difference.onlyInBucket) {
    const tombstone = tombstoneOf.get(key);
    if (!tombstone) {
      if (!tried.has(key)) adoptKeys.push(key);
    } else if (tombstone.entry.revision <= Math.max(revision, lostRevision)) bury.push(tombstone);
  }
  const outrun = difference.missing.filter(({ entry }) => entry.revision <= lostRevision);
  const republish = [...difference.conflicting, ...outrun];
  for (const { key, entry } of republish) if (entry.kind === 'host' && !tried.has(key)) adoptKeys.push(key);
  return { republish, bury, adoptKeys };
}

function isEmpty(plan: RecoveryPlan): boolean {
  return plan.adoptKeys.length + plan.bury.length + plan.republish.length === 0;
}

/** Their headers are ours, their bodies aren't entries: nothing to take back. */
function markUnreadable(content: BucketContent, keys: readonly string[], read: readonly KeyedEntry[]): void {
  const readable = new Set(read.map(({ key }) => key));
  for (const key of keys) {
    const stored = content.entries.get(key);
    if (stored && !readable.has(key))
      content.entries.set(key, { readable: false, sequence: stored.sequence, storedAt: stored.storedAt });
  }
}
