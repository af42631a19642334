/** How long to wait before something that failed is tried again. */
export interface Backoff {
  /** Milliseconds to wait before the next try; grows with every call. */
  nextDelayMs(): number;
}

const FIRST_DELAY_MS = 250;
const LAST_DELAY_MS = 10_000;
/** Spread of the jitter: delays are shortened by up to this share, so that hosts don't retry in step. */
const JITTER_SHARE = 0.25;

/** Doubles from 250 ms to 10 s. `random` gives numbers in [0, 1). */
export function exponentialBackoff(random: () => number = Math.random): Backoff {
  let delayMs = FIRST_DELAY_MS;
  return {
    nextDelayMs() {
      const current = delayMs;
      delayMs = Math.min(delayMs * 2, LAST_DELAY_MS);
      return current * (1 - JITTER_SHARE * random());
    },
  };
}
