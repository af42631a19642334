import * as fc from 'fast-check';
import { exponentialBackoff } from './backoff';

describe('exponentialBackoff', () => {
  it('doubles from 250 ms to 10 s without jitter', () => {
    const backoff = exponentialBackoff(() => 0);
    expect(Array.from({ length: 8 }, () => backoff.nextDelayMs())).toEqual([
      250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000,
    ]);
  });

  it('shortens each delay by at most a quarter, never lengthens it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
        const [jittered, plain] = [exponentialBackoff(() => random), exponentialBackoff(() => 0)];
        for (let i = 0; i < 8; i++) {
          const [delay, longest] = [jittered.nextDelayMs(), plain.nextDelayMs()];
          expect(delay).toBeLessThanOrEqual(longest);
          expect(delay).toBeGreaterThan(longest * 0.74);
        }
      }),
    );
  });
});
