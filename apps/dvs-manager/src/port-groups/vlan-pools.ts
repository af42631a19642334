import {
  type VlanConfig,
  type VlanRange,
  formatVlanRanges,
  rangesContain,
  rangesCover,
} from '@opendvs/model';

/**
 * Whether a port group's VLANs may be used on a switch with these pools. No pools: all may. Untagged (access VLAN 0) is no VLAN, and always may.
 * @returns which of them lie outside, as people write VLANs, and the field that says so; null when none does
 */
export function vlansOutside(
  vlan: VlanConfig,
  pools: readonly VlanRange[] | null | undefined,
): { field: 'vlanId' | 'trunkVlans' | 'nativeVlanId'; vlans: string } | null {
  if (!pools) return null;
  if (vlan.type === 'access') {
    const fits = vlan.vlanId === 0 || rangesContain(pools, vlan.vlanId);
    return fits ? null : { field: 'vlanId', vlans: `${vlan.vlanId}` };
  }
  const outside = vlan.trunkVlans.filter((range) => !rangesCover(pools, [range]));
  if (outside.length > 0) return { field: 'trunkVlans', vlans: formatVlanRanges(outside) };
  const { nativeVlanId } = vlan;
  return nativeVlanId === null || rangesContain(pools, nativeVlanId)
    ? null
    : { field: 'nativeVlanId', vlans: `${nativeVlanId}` };
}
