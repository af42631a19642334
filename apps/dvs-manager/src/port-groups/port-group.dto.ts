import {
  type AdminStatus,
  SUPPRESSION_RATE_KBPS_MAX,
  SUPPRESSION_RATE_KBPS_MIN,
  SUPPRESSION_RATE_PPS_MAX,
  SUPPRESSION_RATE_PPS_MIN,
  VLAN_ID_MAX,
  VLAN_ID_MIN,
  VLAN_UNTAGGED,
} from '@opendvs/model';
import { AnswerOf, PatchOf } from '../fields/derived-dto';
import { FlagField, IntegerField } from '../fields/number-fields';
import { ObjectField } from '../fields/object-fields';
import { ReadOnlyCount } from '../fields/read-only-field';
import { ChoiceField, IdField, NameField, TextField, VlanListField } from '../fields/text-fields';
import { PageQuery, SortField } from '../paging/page-query.dto';

export class ThresholdDto {
  @IntegerField({
    description:
      'Threshold by volume: whole Ethernet frames without FCS, 1 kbit = 1000 bit. Either this or ratePps.',
    unit: 'kbit/s',
    min: SUPPRESSION_RATE_KBPS_MIN,
    max: SUPPRESSION_RATE_KBPS_MAX,
    default: null,
    example: 1024,
  })
  rateKbps!: number | null;

  @IntegerField({
    description: 'Threshold by number of frames. Either this or rateKbps.',
    unit: 'packets/s',
    min: SUPPRESSION_RATE_PPS_MIN,
    max: SUPPRESSION_RATE_PPS_MAX,
    default: null,
  })
  ratePps!: number | null;
}

function ThresholdField(what: string): PropertyDecorator {
  return ObjectField({
    description: `Threshold for ${what} that a virtual machine sends. null: none. PATCH replaces it as a whole.`,
    of: () => ThresholdDto,
    whole: true,
    default: null,
    check: (value) => {
      const { rateKbps = null, ratePps = null } = value as Partial<ThresholdDto>;
      return (rateKbps === null) === (ratePps === null) ? 'must have either rateKbps or ratePps' : null;
    },
  });
}

export class BroadcastSuppressionDto {
  @FlagField({ description: 'Count what is above a threshold, but let it pass.', default: false })
  observeOnly!: boolean;

  @ThresholdField('ARP broadcasts')
  arpBroadcast!: ThresholdDto | null;

  @ThresholdField('IPv4 broadcasts')
  ipBroadcast!: ThresholdDto | null;

  @ThresholdField('all broadcasts, ARP and IPv4 included (those must pass both thresholds)')
  allBroadcast!: ThresholdDto | null;

  @ThresholdField('multicast')
  multicast!: ThresholdDto | null;

  @ThresholdField(
    'unicast to addresses that the switch has not learnt; refused where the engine of a host can not tell it',
  )
  unknownUnicast!: ThresholdDto | null;
}

export const PORT_GROUP_TYPES = ['access', 'trunk'] as const;
export type PortGroupType = (typeof PORT_GROUP_TYPES)[number];

export class CreatePortGroupDto {
  @IdField({ description: 'The switch that it belongs to.', fixed: true })
  switchId!: string;

  @NameField({ description: 'Name of the port group, unique in its switch.', example: 'web' })
  name!: string;

  @TextField({ description: 'For people.', minLength: 0, maxLength: 1024, multiline: true, default: '' })
  description!: string;

  @ChoiceField({
    description: 'access: one VLAN, which the virtual machine does not see. trunk: several, tagged.',
    values: PORT_GROUP_TYPES,
    default: 'access',
  })
  type!: PortGroupType;

  @IntegerField({
    description:
      'VLAN of an access port group; 0, its default, is untagged. null for a trunk. Within the VLAN pools of the switch.',
    min: VLAN_UNTAGGED,
    max: VLAN_ID_MAX,
    default: null,
    example: 100,
  })
  vlanId!: number | null;

  @VlanListField({
    description:
      'VLANs of a trunk: ids 1 to 4094 and ranges, separated by commas. null for an access port group. Within the VLAN pools of the switch.',
    example: '100-199,300',
    default: null,
  })
  trunkVlans!: string | null;

  @IntegerField({
    description:
      'VLAN of what a virtual machine on a trunk sends and receives untagged, carried besides trunkVlans. null: untagged frames are dropped.',
    min: VLAN_ID_MIN,
    max: VLAN_ID_MAX,
    default: null,
  })
  nativeVlanId!: number | null;

  @ChoiceField({
    description:
      'down: its ports neither send nor receive; the link that the virtual machine sees stays as it is.',
    values: ['up', 'down'],
    default: 'up',
  })
  adminStatus!: AdminStatus;

  @ObjectField({
    description: 'Thresholds on what each virtual machine may flood; off by default.',
    of: () => BroadcastSuppressionDto,
    default: {},
  })
  broadcastSuppression!: BroadcastSuppressionDto;
}

export class PatchPortGroupDto extends PatchOf(CreatePortGroupDto) {}

export class PortGroupDto extends AnswerOf(CreatePortGroupDto) {
  @ReadOnlyCount({ description: 'Ports in the group.' })
  portCount!: number;
}

export class PortGroupQuery extends PageQuery {
  @TextField({ description: 'Exactly this name.', maxLength: 256, default: null })
  name!: string | null;

  @TextField({
    description: 'The name contains this, in upper or lower case.',
    maxLength: 256,
    default: null,
  })
  nameContains!: string | null;

  @IdField({ description: 'Port groups of this switch.', default: null })
  switchId!: string | null;

  @ChoiceField({ description: 'Port groups of this type.', values: PORT_GROUP_TYPES, default: null })
  type!: PortGroupType | null;

  @IntegerField({
    description: 'Access port groups of this VLAN.',
    min: VLAN_UNTAGGED,
    max: VLAN_ID_MAX,
    default: null,
  })
  vlanId!: number | null;

  @ChoiceField({ description: 'Port groups with this admin status.', values: ['up', 'down'], default: null })
  adminStatus!: AdminStatus | null;

  @SortField(['name', 'createdAt', 'updatedAt'], { default: 'createdAt' })
  sort!: string;
}
