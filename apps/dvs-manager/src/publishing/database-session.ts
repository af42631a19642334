/**
 * One PostgreSQL session of this instance, outside the pool, kept for ever: it listens for commits of every instance, and it is
 * what holds the publisher's lock. What runs on it while the lock is held is thereby known to be the leader's.
 *
 * It needs a session of its own on the server: behind PgBouncer, pool_mode=session.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type QueryResultRow } from 'pg';

/** PostgreSQL's NOTIFY channel that the trigger on the outbox uses: something was committed. */
export const COMMIT_CHANNEL = 'opendvs_commits';

const CONNECT_TIMEOUT_MS = 3000;
const QUERY_TIMEOUT_MS = 10_000;
const RECONNECT_MIN_MS = 100;
const RECONNECT_MAX_MS = 1000;

/** A session that went silent is found dead in about ten seconds, on this side and, so that it drops our lock, on the server's. */
const SESSION_SETTINGS = `
  set tcp_keepalives_idle = 4;
  set tcp_keepalives_interval = 2;
  set tcp_keepalives_count = 3;
  set tcp_user_timeout = 10000;
  set synchronous_commit = off`;

export interface SessionLog {
  log(message: string): void;
  warn(message: string): void;
}

export interface SessionHandlers {
  /** Changes up to this revision were committed; null: perhaps some, as after each (re)connection, since notices sent meanwhile are lost. */
  onCommit(revision: number | null): void;
  /**
   * Called for each connection in turn. It may use the session until it returns, which it must do when the signal is aborted
   * (the session is lost, or we stop).
   */
  use(session: DatabaseSession, signal: AbortSignal): Promise<void>;
}

/**
 * Queries on the session. synchronous_commit is off: all that is deleted here (published outbox rows) may harmlessly come back.
 */
export class DatabaseSession {
  constructor(private readonly client: Client) {}

  /** @throws DatabaseSessionError whatever is wrong: who uses the session gives it up then */
  async query<R extends QueryResultRow>(sql: string, parameters: unknown[] = []): Promise<R[]> {
    try {
      return (await this.client.query<R>(sql, parameters)).rows;
    } catch (error) {
      throw new DatabaseSessionError((error as Error).message, { cause: error });
    }
  }
}

export class DatabaseSessionError extends Error {
  override readonly name = 'DatabaseSessionError';
}

/** Connects, listens, hands the session to its user, and does so again whenever it is lost. */
export class DatabaseSessionKeeper {
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  private lost: { since: Date; reason: string } | null = { since: new Date(), reason: 'not connected yet' };

  constructor(
    private readonly databaseUrl: string,
    private readonly handlers: SessionHandlers,
    private readonly logger: SessionLog,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** null while connected. */
  get outage(): { since: Date; reason: string } | null {
    return this.lost;
  }

  private async run(): Promise<void> {
    let pauseMs = RECONNECT_MIN_MS;
    while (!this.stopping.signal.aborted) {
      const connected = await this.runOnce();
      pauseMs = connected ? RECONNECT_MIN_MS : Math.min(pauseMs * 2, RECONNECT_MAX_MS);
      await sleep(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined); // stop() ends the pause
    }
  }

  /** One connection from beginning to end. Returns whether there was one. */
  private async runOnce(): Promise<boolean> {
    const client = new Client({
      connectionString: this.databaseUrl,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'dvs-manager publisher',
    });
    const ended = new AbortController();
    const end = (error?: Error) => ended.abort(error ?? new Error('the server closed the connection'));
    client.on('error', end);
    client.on('end', () => end());
    client.on('notification', ({ payload }) => this.handlers.onCommit(Number(payload) || null));
    try {
      await client.connect();
      await client.query(SESSION_SETTINGS);
      await client.query(`listen ${COMMIT_CHANNEL}`);
      this.nowConnected();
      this.handlers.onCommit(null);
      await this.handlers.use(
        new DatabaseSession(client),
        AbortSignal.any([ended.signal, this.stopping.signal]),
      );
      return true;
    } catch (error) {
      this.nowLost((ended.signal.reason as Error | undefined) ?? (error as Error));
      return false;
    } finally {
      if (ended.signal.aborted && !this.lost) this.nowLost(ended.signal.reason as Error);
      await client.end().catch(() => undefined); // already broken: that it is lost has been said
    }
  }

  private nowConnected(): void {
    if (this.lost) this.logger.log('PostgreSQL: publisher session connected');
    this.lost = null;
  }

  private nowLost(error: Error): void {
    if (this.stopping.signal.aborted) return;
    if (!this.lost || this.lost.reason !== error.message)
      this.logger.warn(`PostgreSQL: publisher session lost, reconnecting: ${error.message}`);
    this.lost = { since: this.lost?.since ?? new Date(), reason: error.message };
  }
}
