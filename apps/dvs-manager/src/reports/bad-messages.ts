/** Messages on the bus that are of no use: counted all, logged at most one in ten seconds for each subject, so that nobody can flood the log. */
import type { Counter } from 'prom-client';

const LOG_INTERVAL_MS = 10_000;
const SUBJECTS_MAX = 1000;

export type BadMessageKind = 'malformed' | 'unknown-host' | 'unknown-port' | 'out-of-order';

export class BadMessages {
  private readonly lastLoggedAtMs = new Map<string, number>();
  private unlogged = 0;

  constructor(
    private readonly counter: Pick<Counter<'kind'>, 'inc'>,
    private readonly logger: { warn(message: string): void },
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  count(kind: BadMessageKind): void {
    this.counter.inc({ kind });
  }

  /** Counts and logs. */
  note(kind: BadMessageKind, subject: string, reason: string): void {
    this.count(kind);
    const now = this.nowMs();
    if (now - (this.lastLoggedAtMs.get(subject) ?? -Infinity) < LOG_INTERVAL_MS) {
      this.unlogged += 1;
      return;
    }
    if (this.lastLoggedAtMs.size >= SUBJECTS_MAX) this.lastLoggedAtMs.clear();
    this.lastLoggedAtMs.set(subject, now);
    const others =
      this.unlogged > 0 ? ` (${this.unlogged} further bad messages since the last line like this)` : '';
    this.unlogged = 0;
    this.logger.warn(`ignored a message on ${JSON.stringify(subject)}: ${reason}${others}`);
  }
}
