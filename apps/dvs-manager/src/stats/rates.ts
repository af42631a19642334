/** Deltas over time, as people read them. Bits are those of whole Ethernet frames as the engine counts bytes. */
import { SUPPRESSION_KINDS, type SuppressionKind } from '@opendvs/model';
import { type CounterDeltas, noDeltas } from './counter-deltas';

export interface PortRates {
  rxBitsPerSecond: number;
  rxPacketsPerSecond: number;
  txBitsPerSecond: number;
  txPacketsPerSecond: number;
  rxUnicastPacketsPerSecond: number;
  rxMulticastPacketsPerSecond: number;
  rxBroadcastPacketsPerSecond: number;
  rxDroppedPacketsPerSecond: number;
  txDroppedPacketsPerSecond: number;
  rxErrorsPerSecond: number;
  txErrorsPerSecond: number;
  suppressed: Partial<Record<SuppressionKind, { packetsPerSecond: number; bitsPerSecond: number }>>;
}

const BITS = 8;

/** @param deltas over more than no time */
export function ratesOf({ seconds, counts, suppressed }: CounterDeltas): PortRates {
  const each = (count: number) => round(count / seconds);
  const rates: PortRates = {
    rxBitsPerSecond: each(counts.rxBytes * BITS),
    rxPacketsPerSecond: each(counts.rxPackets),
    txBitsPerSecond: each(counts.txBytes * BITS),
    txPacketsPerSecond: each(counts.txPackets),
    rxUnicastPacketsPerSecond: each(counts.rxUnicastPackets),
    rxMulticastPacketsPerSecond: each(counts.rxMulticastPackets),
    rxBroadcastPacketsPerSecond: each(counts.rxBroadcastPackets),
    rxDroppedPacketsPerSecond: each(counts.rxDroppedPackets),
    txDroppedPacketsPerSecond: each(counts.txDroppedPackets),
    rxErrorsPerSecond: each(counts.rxErrors),
    txErrorsPerSecond: each(counts.txErrors),
    suppressed: {},
  };
  for (const kind of SUPPRESSION_KINDS) {
    const delta = suppressed[kind];
    if (delta)
      rates.suppressed[kind] = {
        packetsPerSecond: each(delta.packets),
        bitsPerSecond: each(delta.bytes * BITS),
      };
  }
  return rates;
}

/** Rates of several ports together. */
export function sumRates(all: readonly PortRates[]): PortRates {
  const sum = ratesOf({ ...noDeltas(), seconds: 1 });
  for (const rates of all) addRates(sum, rates);
  return sum;
}

function addRates(sum: PortRates, { suppressed, ...plain }: PortRates): void {
  for (const [name, value] of Object.entries(plain) as [Exclude<keyof PortRates, 'suppressed'>, number][])
    sum[name] = round(sum[name] + value);
  for (const kind of SUPPRESSION_KINDS) {
    const more = suppressed[kind];
    const known = sum.suppressed[kind] ?? { packetsPerSecond: 0, bitsPerSecond: 0 };
    if (more)
      sum.suppressed[kind] = {
        packetsPerSecond: round(known.packetsPerSecond + more.packetsPerSecond),
        bitsPerSecond: round(known.bitsPerSecond + more.bitsPerSecond),
      };
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
