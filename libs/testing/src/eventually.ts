/** Waiting for a condition instead of sleeping for a time. */
import { setTimeout as pause } from 'node:timers/promises';

export interface EventuallyOptions {
  /** 5000 by default. */
  timeoutMs?: number;
  /** Between two tries; 10 by default. */
  intervalMs?: number;
}

/**
 * Tries `condition` until it gives something truthy without throwing, and gives that.
 * @param what the condition in words: `the port is connected`
 * @throws when the time is over, with what the condition gave or threw last
 */
export async function eventually<T>(
  what: string,
  condition: () => T | Promise<T>,
  { timeoutMs = 5000, intervalMs = 10 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let last: string;
    try {
      const value = await condition();
      if (value) return value;
      last = `it gave ${JSON.stringify(value)}`;
    } catch (error) {
      last = `it threw ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() >= deadline) throw new Error(`not within ${timeoutMs} ms: ${what}; ${last}`);
    await pause(intervalMs);
  }
}
