/** Sums of deltas for each port and minute, held until the minute is over. A sample belongs to the minute in which it ends. */
import { addDeltas, type CounterDeltas, noDeltas } from './counter-deltas';

export interface PortMinute {
  portId: string;
  minute: Date;
  deltas: CounterDeltas;
}

const MINUTE_MS = 60_000;
/** Reports of a minute may arrive so much later. */
const GRACE_MS = 5000;
/** While PostgreSQL is away: older minutes are given up. */
const MINUTES_KEPT = 5;

export class MinuteSums {
  private readonly minutes = new Map<number, Map<string, CounterDeltas>>();

  add(portId: string, at: Date, deltas: CounterDeltas): void {
    const minute = Math.floor(at.getTime() / MINUTE_MS);
    const ports = this.minutes.get(minute) ?? new Map<string, CounterDeltas>();
    this.minutes.set(minute, ports);
    const sum = ports.get(portId) ?? noDeltas();
    ports.set(portId, sum);
    addDeltas(sum, deltas);
    for (const kept of this.minutes.keys()) if (kept <= minute - MINUTES_KEPT) this.minutes.delete(kept);
  }

  /** Minutes that are over, oldest first. They stay until {@link forget}. */
  over(now: Date): PortMinute[] {
    const current = Math.floor((now.getTime() - GRACE_MS) / MINUTE_MS);
    return [...this.minutes]
      .filter(([minute]) => minute < current)
      .sort(([a], [b]) => a - b)
      .flatMap(([minute, ports]) =>
        [...ports].map(([portId, deltas]) => ({ portId, minute: new Date(minute * MINUTE_MS), deltas })),
      );
  }

  /** Forgets all up to and including this minute. */
  forget(upTo: Date): void {
    for (const minute of this.minutes.keys())
      if (minute * MINUTE_MS <= upTo.getTime()) this.minutes.delete(minute);
  }
}
