import { type Nic, nicName } from '@opendvs/model';
import { managedFields } from '../fields/read-only-field';
import { type FieldError, bodyError, invalid } from '../problems/problem';
import type { CreateUplinkGroupDto, NicDto, UplinkGroupDto } from './uplink-group.dto';
import type { UplinkGroupRow } from './uplink-group.entity';

/** What people set of an uplink group, as answers show it. */
export function uplinkGroupSettings(row: UplinkGroupRow): CreateUplinkGroupDto {
  const { name, hostId, switchId, members, bondMode, primary, lacp } = row;
  return {
    name,
    hostId,
    switchId,
    members: members,
    bondMode,
    primary: primary ?? null,
    lacp: lacp ?? null,
  };
}

export function uplinkGroupDto(row: UplinkGroupRow): UplinkGroupDto {
  return { ...managedFields(row), ...uplinkGroupSettings(row) };
}

/** The columns that settings become. @throws ProblemError when the fields don't go together */
export function uplinkGroupColumns(settings: CreateUplinkGroupDto) {
  const { name, hostId, switchId, bondMode, primary, lacp } = settings;
  const errors = [...memberErrors(settings.members), ...bondErrors(settings)];
  if (errors.length > 0) throw invalid(errors);
  return {
    name,
    hostId,
    switchId,
    bondMode,
    primary,
    members: settings.members.map(toNic),
    lacp:
      bondMode === 'lacp'
        ? { mode: lacp?.mode ?? ('active' as const), rate: lacp?.rate ?? ('slow' as const) }
        : null,
  };
}

function toNic({ kernelName, pciAddress }: NicDto): Nic {
  return kernelName ? { kernelName } : { pciAddress: pciAddress! };
}

function memberErrors(members: NicDto[]): FieldError[] {
  const seen = new Set<string>();
  return members.flatMap((member, index) => {
    if (Boolean(member.kernelName) === Boolean(member.pciAddress)) {
      return [bodyError(`/members/${index}`, 'must have either kernelName or pciAddress')];
    }
    const name = nicName(toNic(member));
    if (seen.has(name)) return [bodyError(`/members/${index}`, `names ${name} twice`)];
    seen.add(name);
    return [];
  });
}

function bondErrors({ bondMode, lacp, members, primary }: CreateUplinkGroupDto): FieldError[] {
  const errors: FieldError[] = [];
  if (lacp && bondMode !== 'lacp')
    errors.push(bodyError('/lacp', `has a meaning only with bondMode lacp, not ${bondMode}; set it to null`));
  if (primary === null) return errors;
  const names = members.map(({ kernelName, pciAddress }) => kernelName ?? pciAddress);
  if (bondMode !== 'active-backup')
    errors.push(bodyError('/primary', `has a meaning only with bondMode active-backup, not ${bondMode}`));
  else if (!names.includes(primary))
    errors.push(bodyError('/primary', `must be one of the members: ${names.join(', ')}`));
  return errors;
}
