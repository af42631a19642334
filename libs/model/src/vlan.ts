/**
 * VLANs as administrators write them. An id is 1..4094 (IEEE 802.1Q-2018, 9.6); 0 on an access port group means
 * untagged. A list such as "100-199,300" is kept as sorted, non-overlapping ranges.
 */
export interface VlanRange {
  first: number;
  last: number;
}

export const VLAN_ID_MIN = 1;
export const VLAN_ID_MAX = 4094;
/** Access port groups may also use VLAN 0: untagged. */
export const VLAN_UNTAGGED = 0;

/** How the ports of a port group see VLANs. `vlanId` 0 is untagged; ranges are of 1..4094. */
export type VlanConfig =
  | { type: 'access'; vlanId: number }
  | { type: 'trunk'; trunkVlans: VlanRange[]; nativeVlanId: number | null };

/**
 * Reads "100-199,300" into sorted, merged ranges.
 * @throws VlanSyntaxError naming the piece that is wrong, why, and what is expected.
 */
export function parseVlanRanges(text: string): VlanRange[] {
  const ranges = text.split(',').map((piece) => parseRange(piece.trim(), text));
  return mergeRanges(ranges);
}

/** The inverse of {@link parseVlanRanges}: "100-199,300". */
export function formatVlanRanges(ranges: readonly VlanRange[]): string {
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

export function rangesContain(ranges: readonly VlanRange[], vlanId: number): boolean {
  return ranges.some(({ first, last }) => first <= vlanId && vlanId <= last);
}

/** True when every VLAN of `inner` lies in `outer` (both as {@link mergeRanges} leaves them). */
export function rangesCover(outer: readonly VlanRange[], inner: readonly VlanRange[]): boolean {
  return inner.every((range) => outer.some(({ first, last }) => first <= range.first && range.last <= last));
}

/** Every VLAN id of the ranges, ascending. */
export function expandRanges(ranges: readonly VlanRange[]): number[] {
  return ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
}

export function mergeRanges(ranges: readonly VlanRange[]): VlanRange[] {
  const merged: VlanRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const previous = merged.at(-1);
    if (previous && range.first <= previous.last + 1) previous.last = Math.max(previous.last, range.last);
    else merged.push({ ...range });
  }
  return merged;
}

export class VlanSyntaxError extends Error {
  override readonly name = 'VlanSyntaxError';
}

function parseRange(piece: string, whole: string): VlanRange {
  const match = /^(\d{1,4})(?:\s*-\s*(\d{1,4}))?$/.exec(piece);
  if (!match) {
    throw new VlanSyntaxError(
      `"${piece}" in "${whole}" is not a VLAN or a range; write for example "100-199,300"`,
    );
  }
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  for (const id of [first, last]) {
    if (id < VLAN_ID_MIN || id > VLAN_ID_MAX) {
      throw new VlanSyntaxError(`VLAN ${id} in "${whole}" is outside ${VLAN_ID_MIN}..${VLAN_ID_MAX}`);
    }
  }
  if (last < first) {
    throw new VlanSyntaxError(`range "${piece}" in "${whole}" runs backwards; write "${last}-${first}"`);
  }
  return { first, last };
}
