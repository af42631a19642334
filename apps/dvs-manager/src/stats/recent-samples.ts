/** The last ten minutes of one port, a sample for each counters report, in a ring of plain numbers: 10 KB a port. */
import type { CounterDeltas } from './counter-deltas';
import { DELTA_COLUMNS, fromColumns, toColumns } from './delta-columns';

/** 10 minutes of reports every 5 s. */
export const RECENT_SAMPLES_MAX = 120;

/** `endedAt`: when the later of its two readings arrived. */
export interface Sample {
  endedAt: Date;
  deltas: CounterDeltas;
}

const WIDTH = DELTA_COLUMNS.length;

export class RecentSamples {
  private readonly endedAtMs = new Float64Array(RECENT_SAMPLES_MAX);
  private readonly seconds = new Float32Array(RECENT_SAMPLES_MAX);
  private readonly columns = new Float32Array(RECENT_SAMPLES_MAX * WIDTH);
  private count = 0;

  add(endedAt: Date, deltas: CounterDeltas): void {
    const at = this.count % RECENT_SAMPLES_MAX;
    this.endedAtMs[at] = endedAt.getTime();
    this.seconds[at] = deltas.seconds;
    toColumns(deltas).forEach((value, i) => (this.columns[at * WIDTH + i] = value ?? NaN));
    this.count += 1;
  }

  /** Oldest first. */
  *[Symbol.iterator](): Iterator<Sample> {
    for (let i = Math.max(0, this.count - RECENT_SAMPLES_MAX); i < this.count; i += 1) {
      const at = i % RECENT_SAMPLES_MAX;
      const row = Array.from(this.columns.subarray(at * WIDTH, (at + 1) * WIDTH), (value) =>
        Number.isNaN(value) ? null : value,
      );
      yield { endedAt: new Date(this.endedAtMs[at]!), deltas: fromColumns(this.seconds[at]!, row) };
    }
  }
}
