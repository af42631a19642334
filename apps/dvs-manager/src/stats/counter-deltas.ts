/** What happened on a port between two readings of its counters. Only ever within one epoch: across a restart of the engine nothing is known. */
import { SUPPRESSION_KINDS, type PortCounters, type SuppressionKind } from '@opendvs/model';

/** Counters that are plain numbers, in the order that tables and answers have them. */
export const COUNTED = [
  'rxPackets',
  'rxBytes',
  'txPackets',
  'txBytes',
  'rxUnicastPackets',
  'rxMulticastPackets',
  'rxBroadcastPackets',
  'rxDroppedPackets',
  'txDroppedPackets',
  'rxErrors',
  'txErrors',
] as const satisfies readonly (keyof PortCounters)[];
export type Counted = (typeof COUNTED)[number];

export interface CounterDeltas {
  seconds: number;
  counts: Record<Counted, number>;
  /** Every kind that the host counts. */
  suppressed: Partial<Record<SuppressionKind, { packets: number; bytes: number }>>;
}

export interface CounterReading {
  counters: PortCounters;
  /** When the host read them, by its own clock (milliseconds). */
  takenAtMs: number;
  /** When they arrived, by our monotonic clock. */
  receivedMs: number;
}

/** Readings closer than this give no rate worth the name. */
const SECONDS_MIN = 0.2;
/** A longer gap is no recent rate: whatever happened in it is left out. */
const SECONDS_MAX = 300;
/** Host's and our clock may differ so much over one interval before the host's is taken to have been set. */
const CLOCK_TOLERANCE_SECONDS = 2;

/** null: nothing can be said (another epoch, too close together, too far apart, or a counter went back). */
export function deltasBetween(before: CounterReading, after: CounterReading): CounterDeltas | null {
  if (before.counters.epoch !== after.counters.epoch) return null;
  const seconds = secondsBetween(before, after);
  if (seconds < SECONDS_MIN || seconds > SECONDS_MAX) return null;
  const counts = {} as CounterDeltas['counts'];
  for (const name of COUNTED) counts[name] = after.counters[name] - before.counters[name];
  const suppressed = suppressedBetween(before.counters, after.counters);
  const all = [
    ...Object.values(counts),
    ...Object.values(suppressed).flatMap((kind) => [kind.packets, kind.bytes]),
  ];
  return all.every((delta) => delta >= 0) ? { seconds, counts, suppressed } : null;
}

export function addDeltas(sum: CounterDeltas, more: CounterDeltas): void {
  sum.seconds += more.seconds;
  for (const name of COUNTED) sum.counts[name] += more.counts[name];
  for (const kind of SUPPRESSION_KINDS) {
    const [a, b] = [sum.suppressed[kind], more.suppressed[kind]];
    if (b)
      sum.suppressed[kind] = { packets: (a?.packets ?? 0) + b.packets, bytes: (a?.bytes ?? 0) + b.bytes };
  }
}

export function noDeltas(): CounterDeltas {
  const counts = Object.fromEntries(COUNTED.map((name) => [name, 0])) as CounterDeltas['counts'];
  return { seconds: 0, counts, suppressed: {} };
}

/** The host's own clock is free of the bus's delays, but may be set; then ours has to do. */
function secondsBetween(before: CounterReading, after: CounterReading): number {
  const byHost = (after.takenAtMs - before.takenAtMs) / 1000;
  const byUs = (after.receivedMs - before.receivedMs) / 1000;
  return Math.abs(byHost - byUs) <= CLOCK_TOLERANCE_SECONDS ? byHost : byUs;
}

function suppressedBetween(before: PortCounters, after: PortCounters): CounterDeltas['suppressed'] {
  const suppressed: CounterDeltas['suppressed'] = {};
  for (const kind of SUPPRESSION_KINDS) {
    const [a, b] = [before.suppressed[kind], after.suppressed[kind]];
    // a kind that is counted only since now began at 0
    if (b) suppressed[kind] = { packets: b.packets - (a?.packets ?? 0), bytes: b.bytes - (a?.bytes ?? 0) };
  }
  return suppressed;
}
