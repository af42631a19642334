import {
  type BroadcastSuppression,
  SUPPRESSION_KINDS,
  type SuppressionThreshold,
  type VlanConfig,
  formatVlanRanges,
  parseVlanRanges,
} from '@opendvs/model';
import { managedFields } from '../fields/read-only-field';
import { type FieldError, bodyError, invalid } from '../problems/problem';
import type { BroadcastSuppressionDto, CreatePortGroupDto, ThresholdDto } from './port-group.dto';
import type { PortGroupRow } from './port-group.entity';

/** What people set of a port group, as answers show it. */
export function portGroupSettings(row: PortGroupRow): CreatePortGroupDto {
  const { switchId, name, description, adminStatus, vlan } = row;
  const isTrunk = vlan.type === 'trunk';
  return {
    switchId,
    name,
    description,
    type: vlan.type,
    vlanId: isTrunk ? null : vlan.vlanId,
    trunkVlans: isTrunk ? formatVlanRanges(vlan.trunkVlans) : null,
    nativeVlanId: isTrunk ? vlan.nativeVlanId : null,
    adminStatus,
    broadcastSuppression: suppressionDto(row.broadcastSuppression),
  };
}

/** What history keeps of a port group. */
export function portGroupSnapshot(row: PortGroupRow) {
  return { ...managedFields(row), ...portGroupSettings(row) };
}

/** The columns that settings become. @throws ProblemError when the fields don't go together */
export function portGroupColumns(settings: CreatePortGroupDto) {
  const { switchId, name, description, adminStatus, broadcastSuppression } = settings;
  return {
    switchId,
    name,
    description,
    adminStatus,
    vlan: vlanConfig(settings),
    broadcastSuppression: suppression(broadcastSuppression),
  };
}

/**
 * What a patch is applied to: when it changes the type, the VLANs of the other type are gone, so that nobody has to reset them.
 */
export function patchBase(row: PortGroupRow, patch: object): CreatePortGroupDto {
  const settings = portGroupSettings(row);
  const { type = settings.type } = patch as { type?: unknown };
  return type === settings.type
    ? settings
    : { ...settings, vlanId: null, trunkVlans: null, nativeVlanId: null };
}

function vlanConfig({ type, vlanId, trunkVlans, nativeVlanId }: CreatePortGroupDto): VlanConfig {
  const errors: FieldError[] = [];
  if (type === 'access') {
    if (trunkVlans !== null)
      errors.push(bodyError('/trunkVlans', 'is for type trunk; an access port group has vlanId'));
    if (nativeVlanId !== null)
      errors.push(bodyError('/nativeVlanId', 'is for type trunk; an access port group has vlanId'));
    if (errors.length > 0) throw invalid(errors);
    return { type, vlanId: vlanId ?? 0 };
  }
  if (vlanId !== null)
    errors.push(bodyError('/vlanId', 'is for type access; a trunk has trunkVlans and nativeVlanId'));
  if (trunkVlans === null)
    errors.push(bodyError('/trunkVlans', 'is needed for type trunk, for example "100-199,300"'));
  if (errors.length > 0) throw invalid(errors);
  return { type, trunkVlans: parseVlanRanges(trunkVlans!), nativeVlanId };
}

function suppression(dto: BroadcastSuppressionDto): BroadcastSuppression {
  const thresholds = SUPPRESSION_KINDS.map((kind) => [kind, threshold(dto[kind])] as const);
  return { observeOnly: dto.observeOnly, ...Object.fromEntries(thresholds) } as BroadcastSuppression;
}

function threshold(dto: ThresholdDto | null): SuppressionThreshold | null {
  if (dto === null) return null;
  return dto.rateKbps === null ? { unit: 'pps', rate: dto.ratePps! } : { unit: 'kbps', rate: dto.rateKbps };
}

function suppressionDto(model: BroadcastSuppression): BroadcastSuppressionDto {
  const thresholds = SUPPRESSION_KINDS.map((kind) => [kind, thresholdDto(model[kind])] as const);
  return { observeOnly: model.observeOnly, ...Object.fromEntries(thresholds) } as BroadcastSuppressionDto;
}

function thresholdDto(model: SuppressionThreshold | null): Partial<ThresholdDto> | null {
  if (model === null) return null;
  return model.unit === 'kbps' ? { rateKbps: model.rate } : { ratePps: model.rate };
}
