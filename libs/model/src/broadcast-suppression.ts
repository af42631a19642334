/**
 * Broadcast suppression limits what one VM may flood: each kind has its own threshold, applied to the frames that
 * the VM sends (rx at the switch). Frames above the threshold are dropped and counted, or, with `observeOnly`, only counted.
 *
 * - `arpBroadcast`   Ethernet broadcast carrying ARP
 * - `ipBroadcast`    Ethernet broadcast carrying IPv4
 * - `allBroadcast`   every Ethernet broadcast, the two above included (a frame must pass both thresholds)
 * - `multicast`      group addresses other than broadcast
 * - `unknownUnicast` unicast to an address the switch hasn't learnt; refused where the engine can't tell it
 */
export const SUPPRESSION_KINDS = [
  'arpBroadcast',
  'ipBroadcast',
  'allBroadcast',
  'multicast',
  'unknownUnicast',
] as const;
export type SuppressionKind = (typeof SUPPRESSION_KINDS)[number];

/** `kbps`: kbit/s of whole Ethernet frames without FCS, 1 kbit = 1000 bit. `pps`: frames a second. */
export type SuppressionThreshold = { unit: 'kbps' | 'pps'; rate: number };

export const SUPPRESSION_RATE_KBPS_MIN = 1;
export const SUPPRESSION_RATE_KBPS_MAX = 100_000_000;
export const SUPPRESSION_RATE_PPS_MIN = 1;
export const SUPPRESSION_RATE_PPS_MAX = 100_000_000;

/** `null` for a kind: no threshold, the default. */
export type BroadcastSuppression = { observeOnly: boolean } & Record<
  SuppressionKind,
  SuppressionThreshold | null
>;

export const NO_SUPPRESSION: BroadcastSuppression = Object.freeze({
  observeOnly: false,
  arpBroadcast: null,
  ipBroadcast: null,
  allBroadcast: null,
  multicast: null,
  unknownUnicast: null,
});
