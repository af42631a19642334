/** Wakes a loop: raised any number of times since it was lowered, the loop is awake once. */
import type { Clock } from './clock';

export class Wake {
  private raised = false;
  private resume: (() => void) | null = null;

  constructor(private readonly clock: Clock) {}

  raise(): void {
    this.raised = true;
    this.resume?.();
  }

  /** Before looking at what there is to do: whoever raised it until now has his business looked at. */
  lower(): void {
    this.raised = false;
  }

  /** Resolves when raised (at once, if it is), after `delayMs`, or when `signal` is aborted. */
  async wait(delayMs: number, signal: AbortSignal): Promise<void> {
    if (!this.raised && !signal.aborted && delayMs > 0) await this.rest(delayMs, signal);
  }

  private async rest(delayMs: number, signal: AbortSignal): Promise<void> {
    let cancelTimer = () => {};
    const over = new Promise<void>((resolve) => {
      this.resume = resolve;
      signal.addEventListener('abort', this.resume);
      if (Number.isFinite(delayMs)) cancelTimer = this.clock.setTimer(resolve, delayMs);
    });
    await over;
    cancelTimer();
    if (this.resume) signal.removeEventListener('abort', this.resume);
    this.resume = null;
  }
}
