/**
 * Carries committed changes to the bus. Of all managers one publishes: the one whose database session holds the advisory lock
 * (leader-run says what it then does). A lost session is a lost lock, and another instance has it within a second or so.
 *
 * At least once: a row leaves the outbox after the bus has acknowledged it. Why order holds when leadership changes in the middle of a
 * batch is told in desired-bucket.
 */
import type { Bus } from '../bus/bus';
import { BucketGuard, type DesiredTruth, ForeignBucketError, type GuardLog } from './bucket-guard';
import { type DatabaseSession, DatabaseSessionKeeper } from './database-session';
import { LeaderRun } from './leader-run';
import { Signal } from './signal';

/** Of pg_try_advisory_lock(bigint): "opendvs" as a number. */
const LOCK_KEY = '31367303360968307';
const LOCK_RETRY_MS = 1000;

export type PublishingState =
  /** Another instance publishes, or none can for want of PostgreSQL. */
  | { state: 'standby' }
  | { state: 'publishing' }
  /** We hold the lock and can't publish now; it is tried again. */
  | { state: 'held-up'; since: Date; reason: string }
  /** The bucket is another database's: people must decide. */
  | { state: 'stopped'; since: Date; reason: string };

export interface PublisherParts {
  databaseUrl: string;
  /** Copies of the bucket that a NATS cluster keeps. */
  replicas: number;
  bus: Bus;
  truth: DesiredTruth;
  logger: GuardLog;
  /** A batch was acknowledged by the bus, so long after it was read from the outbox. */
  onPublished: (entries: number, tookMs: number) => void;
}

export class Publisher {
  private readonly wake = new Signal();
  private readonly keeper: DatabaseSessionKeeper;
  private readonly commitListeners = new Set<(revision: number | null) => void>();
  /** The outbox has been read up to here. */
  private drainedRevision = 0;
  private current: PublishingState = { state: 'standby' };

  constructor(private readonly parts: PublisherParts) {
    this.keeper = new DatabaseSessionKeeper(
      parts.databaseUrl,
      {
        onCommit: (revision) => this.onCommit(revision),
        use: (session, signal) => this.competeAndLead(session, signal),
      },
      parts.logger,
    );
  }

  start(): void {
    this.parts.bus.onOnline(() => this.wake.raise());
    this.keeper.start();
  }

  /** Gives up the lock. What is under way is finished or left in the outbox. */
  async stop(): Promise<void> {
    await this.keeper.stop();
  }

  /** Something was committed here: publish it now, if it is us who publish. Another instance learns of it by NOTIFY. */
  kick(): void {
    this.wake.raise();
  }

  /** Calls back when any instance has committed changes up to a revision; null: it may have. Returns how to leave. */
  onCommitAnywhere(listener: (revision: number | null) => void): () => void {
    this.commitListeners.add(listener);
    return () => this.commitListeners.delete(listener);
  }

  get state(): PublishingState {
    return this.current;
  }

  /** Whether this instance does what only one may do. It may be wrong for some seconds after the session died. */
  get isLeader(): boolean {
    return this.current.state !== 'standby';
  }

  /** Why the publisher's database session is away, null if it is there. */
  get databaseOutage(): { since: Date; reason: string } | null {
    return this.keeper.outage;
  }

  private onCommit(revision: number | null): void {
    if (revision === null || revision > this.drainedRevision) this.wake.raise();
    for (const listener of this.commitListeners) listener(revision);
  }

  private async competeAndLead(session: DatabaseSession, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        if (await tryLock(session)) await this.lead(session, signal);
        else await new Signal().wait(LOCK_RETRY_MS, signal);
      }
    } finally {
      this.current = { state: 'standby' };
    }
  }

  private async lead(session: DatabaseSession, signal: AbortSignal): Promise<void> {
    const { bus, truth, replicas, logger, onPublished } = this.parts;
    const [store] = await session.query<{ store_id: string }>('select store_id from store');
    if (!store) throw new Error('the table "store" has lost its only row: restore the database from a dump');
    logger.log('this instance publishes now');
    const guard = new BucketGuard(truth, store.store_id, replicas, logger);
    this.drainedRevision = 0;
    const onTrouble = (error: Error | null) => this.note(error);
    const onDrained = (revision: number) => (this.drainedRevision = revision);
    this.current = { state: 'held-up', since: new Date(), reason: 'just became the publisher' };
    await new LeaderRun({
      session,
      bus,
      guard,
      storeId: store.store_id,
      wake: this.wake,
      onPublished,
      onDrained,
      onTrouble,
    }).run(signal);
  }

  private note(error: Error | null): void {
    const before = this.current;
    if (!error) {
      if (before.state === 'stopped') this.parts.logger.log('publishing again');
      this.current = { state: 'publishing' };
      return;
    }
    const reason = error.message;
    const since = 'since' in before ? before.since : new Date();
    const same = 'reason' in before && before.reason === reason;
    if (!same) this.parts.logger.warn(`publishing is held up, trying again: ${reason}`);
    this.current = { state: error instanceof ForeignBucketError ? 'stopped' : 'held-up', since, reason };
  }
}

async function tryLock(session: DatabaseSession): Promise<boolean> {
  const [row] = await session.query<{ locked: boolean }>(
    'select pg_try_advisory_lock($1::bigint) as locked',
    [LOCK_KEY],
  );
  return row?.locked ?? false;
}
