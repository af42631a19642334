import { type VlanRange, formatVlanRanges, parseVlanRanges } from '@opendvs/model';
import { managedFields } from '../fields/read-only-field';
import type { CreateSwitchDto, SwitchDto } from './switch.dto';
import type { SwitchRow } from './switch.entity';

/** What people set of a switch, as answers show it. */
export function switchSettings(row: SwitchRow): CreateSwitchDto {
  const { name, description, mode, mtuBytes, vlanPools } = row;
  return { name, description, mode, mtuBytes, vlanPools: vlanPools ? formatVlanRanges(vlanPools) : null };
}

export function switchDto(row: SwitchRow): SwitchDto {
  return { ...managedFields(row), ...switchSettings(row) };
}

/** The columns that settings become. */
export function switchColumns(
  settings: CreateSwitchDto,
): Omit<CreateSwitchDto, 'vlanPools'> & { vlanPools: VlanRange[] | null } {
  return { ...settings, vlanPools: settings.vlanPools === null ? null : parseVlanRanges(settings.vlanPools) };
}
