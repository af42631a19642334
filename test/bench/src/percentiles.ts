/** The nearest-rank percentile of a sample, rounded to 0.01. @throws RangeError for an empty sample */
export function percentile(sample: readonly number[], percent: number): number {
  if (sample.length === 0) throw new RangeError('a percentile of no measurements');
  const sorted = [...sample].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return rounded(sorted[rank - 1]!);
}

export const rounded = (value: number) => Math.round(value * 100) / 100;

/** Runs `work` and tells how long it took. */
export async function timed<T>(work: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const start = performance.now();
  const result = await work();
  return { result, ms: performance.now() - start };
}
