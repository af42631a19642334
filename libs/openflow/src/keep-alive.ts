/**
 * Notices a peer that has gone silent: after a second without a word it is probed every second, after four it counts as dead.
 * Seconds are counted in ticks of our own timer, not by the clock: while this process itself is stopped or busy, no ticks pass, and
 * bytes that wait in the socket are read before the next one.
 */
const TICK_MS = 1000;
const DEAD_AFTER_TICKS = 4;

export class KeepAlive {
  private silentTicks = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(actions: { probe(): void; declareDead(silentMs: number): void }) {
    this.timer = setInterval(() => {
      this.silentTicks += 1;
      if (this.silentTicks >= DEAD_AFTER_TICKS) actions.declareDead(this.silentTicks * TICK_MS);
      else actions.probe();
    }, TICK_MS);
  }

  /** Any bytes from the peer prove that it lives. */
  heard(): void {
    this.silentTicks = 0;
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
