/**
 * What the leader does while its database session lasts: keeps the bucket in line with PostgreSQL and drains the outbox into it,
 * woken by commits. Whatever goes wrong with the bus is tried again for ever; what goes wrong with the session ends the run.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, BusAwayError } from '../bus/bus';
import type { KeyedEntry } from '../changes/desired-entry';
import { type BucketGuard, ForeignBucketError } from './bucket-guard';
import { type DatabaseSession, DatabaseSessionError } from './database-session';
import { type BucketContent, DesiredBucket } from './desired-bucket';
import { Outbox } from './outbox';
import type { Signal } from './signal';

const BATCH = 500;
const CHECK_INTERVAL_MS = 2000;
const PURGE_INTERVAL_MS = 60_000;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 1000;
const FOREIGN_RETRY_MS = 5000;

export interface LeaderParts {
  session: DatabaseSession;
  bus: Bus;
  guard: BucketGuard;
  storeId: string;
  /** Raised by commits and by the bus coming back. */
  wake: Signal;
  /** A batch was acknowledged, so long after it was read from the outbox. */
  onPublished: (entries: number, tookMs: number) => void;
  /** Everything in the outbox up to this revision is on the bus. */
  onDrained: (revision: number) => void;
  /** null: all is published. Otherwise why not; the next success takes it back. */
  onTrouble: (error: Error | null) => void;
}

export class LeaderRun {
  private readonly outbox: Outbox;
  private bucket: DesiredBucket | null = null;
  private content: BucketContent | null = null;
  private nextCheckAt = 0;
  private nextPurgeAt = performance.now() + PURGE_INTERVAL_MS;

  constructor(private readonly parts: LeaderParts) {
    this.outbox = new Outbox(parts.session);
  }

  /** Returns when the signal is aborted. @throws DatabaseSessionError when the session fails */
  async run(signal: AbortSignal): Promise<void> {
    let retryMs = RETRY_MIN_MS;
    while (!signal.aborted) {
      try {
        await this.publish();
        this.parts.onTrouble(null);
        retryMs = RETRY_MIN_MS;
        await this.parts.wake.wait(Math.max(1, this.nextCheckAt - performance.now()), signal);
      } catch (error) {
        if (error instanceof DatabaseSessionError) throw error;
        this.nextCheckAt = 0;
        this.parts.onTrouble(error as Error);
        await this.pause(error as Error, retryMs, signal);
        retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
      }
    }
  }

  private async pause(error: Error, retryMs: number, signal: AbortSignal): Promise<void> {
    if (error instanceof BusAwayError) return this.parts.wake.wait(RETRY_MAX_MS, signal);
    const pauseMs = error instanceof ForeignBucketError ? FOREIGN_RETRY_MS : retryMs;
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // the end of the run ends the pause
  }

  private async publish(): Promise<void> {
    this.bucket ??= await DesiredBucket.open(this.parts.bus.connection(), this.parts.storeId);
    if (performance.now() >= this.nextCheckAt) {
      if (!(await this.isInLine(this.bucket))) await this.bringInLine(this.bucket);
      this.nextCheckAt = performance.now() + CHECK_INTERVAL_MS;
    }
    await this.drain(this.bucket, this.content!);
    if (performance.now() >= this.nextPurgeAt) {
      await this.parts.guard.purgeTombstones(this.bucket, this.content!, new Date());
      this.nextPurgeAt = performance.now() + PURGE_INTERVAL_MS;
    }
  }

  private async bringInLine(bucket: DesiredBucket): Promise<void> {
    this.content = null;
    this.content = await this.parts.guard.bringInLine(bucket);
  }

  /** Is the bucket as we left it, and PostgreSQL's counter not behind it? */
  private async isInLine(bucket: DesiredBucket): Promise<boolean> {
    const { content } = this;
    const position = await this.position(bucket);
    if (!content || !position) return false;
    const [store] = await this.parts.session.query<{ revision: string }>('select revision from store');
    return (
      position.lastSequence === content.lastSequence &&
      position.messages === content.entries.size &&
      position.createdAt === content.createdAt &&
      Number(store?.revision) >= content.revision
    );
  }

  private position(bucket: DesiredBucket) {
    this.parts.bus.connection(); // fails at once while the bus is away; a request would time out
    return bucket.position();
  }

  private async drain(bucket: DesiredBucket, content: BucketContent): Promise<void> {
    for (;;) {
      const rows = await this.outbox.next(BATCH);
      if (rows.length === 0) return;
      this.parts.bus.connection(); // while the bus is away nothing is put, which the client would send late
      const startedAt = performance.now();
      const fresh = rows.filter((row) => !isThere(row, content));
      if (fresh.some(({ entry }) => entry.revision <= content.revision)) {
        this.content = null;
        throw new Error('a revision in the outbox is older than the bucket; comparing both');
      }
      await bucket.append(fresh, content);
      this.parts.onPublished(fresh.length, performance.now() - startedAt);
      this.parts.onDrained(rows.at(-1)!.entry.revision);
      await this.outbox.remove(rows);
      if (rows.length < BATCH) return;
    }
  }
}

/** Published already: by an earlier leader, or by the guard. */
function isThere({ key, entry }: KeyedEntry, content: BucketContent): boolean {
  const stored = content.entries.get(key);
  return stored !== undefined && stored.readable && stored.revision >= entry.revision;
}
