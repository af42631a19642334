import {
  MTU_BYTES_DEFAULT,
  MTU_BYTES_MAX,
  MTU_BYTES_MIN,
  SWITCH_MODES,
  type SwitchMode,
} from '@opendvs/model';
import { AnswerOf, PatchOf } from '../fields/derived-dto';
import { IntegerField } from '../fields/number-fields';
import { ReadOnlyCount, ReadOnlyField, ReadOnlyTime } from '../fields/read-only-field';
import { ChoiceField, IdField, NameField, TextField, VlanListField } from '../fields/text-fields';
import { PageQuery, SortField } from '../paging/page-query.dto';

export class CreateSwitchDto {
  @NameField({ description: 'Name of the switch, unique.', example: 'tenants' })
  name!: string;

  @TextField({ description: 'For people.', minLength: 0, maxLength: 1024, multiline: true, default: '' })
  description!: string;

  @ChoiceField({
    description:
      'user-mode: vhost-user on a userspace dataplane. sriov-passthrough: virtual functions. common: the datapath of the kernel. Can be changed only while no host is in the switch.',
    values: SWITCH_MODES,
    default: 'user-mode',
  })
  mode!: SwitchMode;

  @IntegerField({
    description: 'Largest IP packet; Ethernet header and VLAN tag come on top. 9000 for jumbo frames.',
    unit: 'bytes',
    min: MTU_BYTES_MIN,
    max: MTU_BYTES_MAX,
    default: MTU_BYTES_DEFAULT,
    example: 1500,
  })
  mtuBytes!: number;

  @VlanListField({
    description:
      'VLANs that port groups of the switch may use: ids 1 to 4094 and ranges, separated by commas. null: any. Untagged (VLAN 0) is always allowed.',
    example: '100-199,300',
    default: null,
  })
  vlanPools!: string | null;
}

export class PatchSwitchDto extends PatchOf(CreateSwitchDto) {}

export class SwitchDto extends AnswerOf(CreateSwitchDto) {}

export class SwitchQuery extends PageQuery {
  @TextField({ description: 'Exactly this name.', maxLength: 256, default: null })
  name!: string | null;

  @TextField({
    description: 'The name contains this, in upper or lower case.',
    maxLength: 256,
    default: null,
  })
  nameContains!: string | null;

  @ChoiceField({ description: 'Switches of this mode.', values: SWITCH_MODES, default: null })
  mode!: SwitchMode | null;

  @IdField({ description: 'Switches that this host is in.', default: null })
  hostId!: string | null;

  @SortField(['name', 'createdAt', 'updatedAt', 'mtuBytes'], { default: 'createdAt' })
  sort!: string;
}

/** A host's part in a switch. */
export class MembershipDto {
  @ReadOnlyField({ type: 'string', format: 'uuid', description: 'The switch.' })
  switchId!: string;

  @ReadOnlyField({ type: 'string', format: 'uuid', description: 'The host.' })
  hostId!: string;

  @ReadOnlyField({ type: 'string', description: 'Name of the host.' })
  hostName!: string;

  @ReadOnlyCount({ description: 'Revision of the change that put the host into the switch.' })
  revision!: number;

  @ReadOnlyTime({ description: 'Since when the host is in the switch.' })
  createdAt!: string;
}

export class MembershipQuery extends PageQuery {
  @SortField(['createdAt'], { default: 'createdAt' })
  sort!: string;
}
