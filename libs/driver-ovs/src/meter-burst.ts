/**
 * How deep a meter's bucket is. It starts full and refills at the rate. What never fits into it never passes, so it holds at least
 * the largest frame of the switch; beyond that a fifth of a second's worth. That much over ten seconds is 2 % (a storm that begins with
 * a full bucket), and a VM or polling thread that is not given its CPU for as long loses nothing of its rate.
 */
import type { SuppressionThreshold } from '@opendvs/model';

const BURSTS_PER_SECOND = 5;
const ETHERNET_HEADER_BYTES = 14;
/** A trunk port's VM may send a VLAN tag, and one more inside. */
const VLAN_TAGS_BYTES = 8;

/** @returns kbit or frames, as the threshold's unit is; a whole number, at least 1 */
export function burstOf({ unit, rate }: SuppressionThreshold, mtuBytes: number): number {
  if (unit === 'pps') return Math.max(1, Math.floor(rate / BURSTS_PER_SECOND));
  const largestFrameBits = (mtuBytes + ETHERNET_HEADER_BYTES + VLAN_TAGS_BYTES) * 8;
  return Math.max(Math.ceil(largestFrameBits / 1000), Math.floor(rate / BURSTS_PER_SECOND));
}
