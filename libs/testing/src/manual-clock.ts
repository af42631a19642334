/** A clock that stands still until a test moves it. */
import type { Clock } from '@opendvs/reconciler';

export class ManualClock implements Clock {
  private elapsedMs = 0;
  private readonly timers = new Set<{ atMs: number; callback: () => void }>();

  constructor(private readonly startMs = Date.UTC(2030, 0, 1)) {}

  nowMs(): number {
    return this.startMs + this.elapsedMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    const timer = { atMs: this.elapsedMs + Math.max(0, delayMs), callback };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** Lets `ms` pass and rings the timers that are due then. */
  advance(ms: number): void {
    this.elapsedMs += ms;
    for (const timer of [...this.timers].sort((a, b) => a.atMs - b.atMs)) {
      if (timer.atMs <= this.elapsedMs && this.timers.delete(timer)) timer.callback();
    }
  }

  /** Milliseconds until the next timer rings; null: none is set. */
  nextTimerInMs(): number | null {
    const next = Math.min(...[...this.timers].map(({ atMs }) => atMs));
    return Number.isFinite(next) ? next - this.elapsedMs : null;
  }
}
