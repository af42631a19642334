/** Which failed steps wait, how long, and for what: a step is held until its time has come or something else is desired of its object. */
import { exponentialBackoff, type Backoff } from './backoff';
import type { Outcome } from './execute-plan';
import { sameSpec } from './same-spec';

interface Hold {
  /** The spec that was desired when it failed; undefined: that the object be gone. */
  target: unknown;
  error: string;
  backoff: Backoff;
  dueAtMs: number;
}

/** Retries fall on multiples of this, so that many failed objects are tried together. */
const GRID_MS = 250;

export class RetrySchedule {
  private readonly holds = new Map<string, Hold>();

  constructor(private readonly newBackoff: () => Backoff = exponentialBackoff) {}

  /** Why a step on `key`, of which `target` is desired now, is not to be tried yet; null: try it. */
  whyHeld(key: string, target: unknown, nowMs: number): string | null {
    const hold = this.holds.get(key);
    if (!hold || nowMs >= hold.dueAtMs || !sameSpec(hold.target, target)) return null;
    return hold.error;
  }

  /** Has this step failed and not succeeded since? */
  isRetry(key: string): boolean {
    return this.holds.has(key);
  }

  /**
   * Learns from a round. Whatever neither failed nor waited in it is in order, and forgotten. Gives the keys of what failed
   * for the first time, or with another error than before.
   */
  learn(outcome: Outcome, targetOf: (key: string) => unknown, nowMs: number): ReadonlySet<string> {
    const news = new Set<string>();
    const troubled = new Set<string>();
    for (const { planned, kind, error } of outcome.failures) {
      const { key } = planned.step;
      troubled.add(key);
      if (kind !== 'failed') continue;
      const earlier = this.holds.get(key);
      const target = targetOf(key);
      const backoff = earlier && sameSpec(earlier.target, target) ? earlier.backoff : this.newBackoff();
      const dueAtMs = Math.ceil((nowMs + backoff.nextDelayMs()) / GRID_MS) * GRID_MS;
      this.holds.set(key, { target, error, backoff, dueAtMs });
      if (earlier?.error !== error) news.add(key);
    }
    for (const key of this.holds.keys()) if (!troubled.has(key)) this.holds.delete(key);
    return news;
  }

  /** Infinity: nothing waits. */
  nextDueAtMs(): number {
    return Math.min(...[...this.holds.values()].map(({ dueAtMs }) => dueAtMs));
  }

  /** The engine has begun anew: what failed before says nothing any more. */
  clear(): void {
    this.holds.clear();
  }
}
