/**
 * Every committed change, of any manager, once and in the order of revisions, as it is committed: read from the table `changes` whenever
 * PostgreSQL notifies. Commit order is revision order (docs/decisions/0005), so "all above the last one" misses nothing.
 */
import type { ChangeAction, ChangeKind } from '../changes/change.entity';

export interface CommittedChange {
  revision: number;
  at: Date;
  actor: string;
  action: ChangeAction;
  kind: ChangeKind;
  objectId: string;
  objectName: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

/** Reads of the table. */
export interface ChangeSource {
  /** The last revision given out. */
  currentRevision(): Promise<number>;
  /** The next `limit` changes above a revision, in order. */
  after(revision: number, limit: number): Promise<CommittedChange[]>;
}

export interface FeedLog {
  warn(message: string): void;
}

const PAGE = 500;
const RETRY_MS = 500;

export class ChangeFeed {
  private position: number | null = null;
  private reading: Promise<void> | null = null;
  private again = false;
  private retry: NodeJS.Timeout | null = null;
  private stopped = false;
  private readonly listeners = new Set<(changes: CommittedChange[]) => void>();
  private readonly resetListeners = new Set<() => void>();

  constructor(
    private readonly source: ChangeSource,
    private readonly logger: FeedLog,
  ) {}

  /** The last revision that was told; null before the start. */
  get head(): number | null {
    return this.position;
  }

  /** From now on. @throws when PostgreSQL can't be asked */
  async start(): Promise<void> {
    this.position = await this.source.currentRevision();
  }

  stop(): void {
    this.stopped = true;
    if (this.retry) clearTimeout(this.retry);
  }

  /** `listener` must not throw. Returns how to leave. */
  subscribe(listener: (changes: CommittedChange[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Called when PostgreSQL has gone back (a dump was restored): whatever was built from changes must be built anew. */
  onReset(listener: () => void): () => void {
    this.resetListeners.add(listener);
    return () => this.resetListeners.delete(listener);
  }

  /** Changes up to this revision were committed; null: perhaps some. What fails is tried again. */
  poke(revision: number | null): void {
    if (revision !== null && this.position !== null && revision <= this.position) return;
    this.catchUp().catch((error: Error) => {
      if (this.stopped || this.retry) return;
      this.logger.warn(`changes can't be read now, trying again: ${error.message}`);
      this.retry = setTimeout(() => {
        this.retry = null;
        this.poke(null);
      }, RETRY_MS);
    });
  }

  /** Resolves when all that was committed before the call has been told. @throws when PostgreSQL can't be asked */
  catchUp(): Promise<void> {
    if (this.reading) {
      this.again = true; // the page under way may have been read before the commit
      return this.reading;
    }
    this.reading = Promise.resolve()
      .then(() => this.readAll())
      .finally(() => (this.reading = null));
    return this.reading;
  }

  private async readAll(): Promise<void> {
    do {
      this.again = false;
      if (this.position === null || this.stopped) return;
      const page = await this.source.after(this.position, PAGE);
      if (page.length > 0) this.tell(page);
      else await this.noticeReset();
      if (page.length === PAGE) this.again = true;
    } while (this.again);
  }

  private tell(page: CommittedChange[]): void {
    this.position = page.at(-1)!.revision;
    for (const listener of this.listeners) listener(page);
  }

  private async noticeReset(): Promise<void> {
    const current = await this.source.currentRevision();
    if (this.position === null || current >= this.position) return;
    this.logger.warn(`revisions went back from ${this.position} to ${current}: the database was restored`);
    this.position = current;
    for (const listener of this.resetListeners) listener();
  }
}
