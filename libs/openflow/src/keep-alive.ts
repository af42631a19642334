/**
 * Notices a peer that has gone silent: it is probed every second without a word from it, and counts as dead after four to five.
 * Seconds are counted in ticks of our own timer, not by the clock: while this process itself is stopped or busy, no ticks pass, and
 * bytes that wait in the socket are read before the next one.
 */
const TICK_MS = 1000;
const DEAD_AFTER_TICKS = 5;

export class KeepAlive {
  private silentTicks = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(actions: { probe(): void; declareDead(silentAtLeastMs: number): void }) {
    this.timer = setInterval(() => {
      this.silentTicks += 1;
      if (this.silentTicks >= DEAD_AFTER_TICKS) actions.declareDead((this.silentTicks - 1) * TICK_MS);
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
