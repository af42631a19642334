/** Writes the minutes of all ports into PostgreSQL, on the manager that publishes, and deletes those that are too old. */
import type { MinuteSums } from './minute-sums';
import type { PortMinutesStore } from './port-minutes.store';

const INTERVAL_MS = 5000;
const PRUNE_INTERVAL_MS = 600_000;
const DAY_MS = 86_400_000;

export interface MinuteRecorderParts {
  minutes: MinuteSums;
  store: Pick<PortMinutesStore, 'save' | 'prune'>;
  retentionDays: number;
  isLeader: () => boolean;
  logger: { warn(message: string): void };
}

export class MinuteRecorder {
  private timer: NodeJS.Timeout | null = null;
  private underWay: Promise<void> | null = null;
  private pruneAtMs = 0;
  private troubled = false;

  constructor(private readonly parts: MinuteRecorderParts) {}

  start(): void {
    this.timer = setInterval(() => this.tick(), INTERVAL_MS);
  }

  async stop(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.underWay;
  }

  private tick(): void {
    this.underWay ??= this.record(new Date())
      .catch((error: Error) => {
        if (!this.troubled)
          this.parts.logger.warn(`statistics can't be saved now, trying again: ${error.message}`);
        this.troubled = true;
      })
      .finally(() => (this.underWay = null));
  }

  private async record(now: Date): Promise<void> {
    const { minutes, store, isLeader } = this.parts;
    const over = minutes.over(now);
    const last = over.at(-1);
    if (last && isLeader()) await store.save(over);
    if (last) minutes.forget(last.minute);
    if (isLeader()) await this.prune(now);
    this.troubled = false;
  }

  private async prune(now: Date): Promise<void> {
    if (performance.now() < this.pruneAtMs) return;
    const before = new Date(now.getTime() - this.parts.retentionDays * DAY_MS);
    const more = await this.parts.store.prune(before);
    if (!more) this.pruneAtMs = performance.now() + PRUNE_INTERVAL_MS;
  }
}
