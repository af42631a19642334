import { BOND_MODES, type BondMode } from '@opendvs/model';
import { AnswerOf, PatchOf } from '../fields/derived-dto';
import { ListField, ObjectField } from '../fields/object-fields';
import { ChoiceField, IdField, NameField, TextField } from '../fields/text-fields';
import { PageQuery, SortField } from '../paging/page-query.dto';

export const MEMBERS_MAX = 8;

/** Also what the bus and the agents accept: the name ends up in commands and paths on the host. */
const KERNEL_NAME = {
  regex: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/,
  says: 'a kernel interface name of at most 15 letters, digits and _ . -',
};
const PCI_ADDRESS = {
  regex: /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/,
  says: 'a PCI address such as 0000:3b:00.0, in lower case',
};

export class NicDto {
  @TextField({
    description: 'Kernel name of the NIC. Either this or pciAddress.',
    maxLength: 15,
    pattern: KERNEL_NAME,
    example: 'eth1',
    default: null,
  })
  kernelName?: string | null;

  @TextField({
    description:
      'PCI address of the NIC, which is then driven by the userspace dataplane. Either this or kernelName.',
    maxLength: 12,
    pattern: PCI_ADDRESS,
    example: '0000:3b:00.0',
    default: null,
  })
  pciAddress?: string | null;
}

export class LacpDto {
  @ChoiceField({
    description: 'active: begins the negotiation. passive: waits for the peer.',
    values: ['active', 'passive'],
    default: 'active',
  })
  mode!: 'active' | 'passive';

  @ChoiceField({
    description: 'How often the peer sends: slow is every 30 s, fast every second.',
    values: ['slow', 'fast'],
    default: 'slow',
  })
  rate!: 'slow' | 'fast';
}

export class CreateUplinkGroupDto {
  @NameField({ description: 'Name of the uplink group, unique on its host.', example: 'uplink' })
  name!: string;

  @IdField({ description: 'The host whose NICs these are. It must be in the switch.', fixed: true })
  hostId!: string;

  @IdField({
    description: 'The switch that they connect. A host has at most one uplink group for a switch.',
    fixed: true,
  })
  switchId!: string;

  @ListField({
    description: 'The NICs. A NIC belongs to one uplink group only, whatever switch it is for.',
    of: () => NicDto,
    minItems: 1,
    maxItems: MEMBERS_MAX,
    example: [{ kernelName: 'eth1' }],
  })
  members!: NicDto[];

  @ChoiceField({
    description:
      'How several NICs share the traffic; of no effect with one. active-backup: one carries all. balance-slb: by MAC address and VLAN, without help of the physical switch. lacp: 802.3ad.',
    values: BOND_MODES,
    default: 'active-backup',
  })
  bondMode!: BondMode;

  @TextField({
    description: 'Preferred member with active-backup: its kernel name or PCI address. null: none.',
    maxLength: 15,
    example: 'eth1',
    default: null,
  })
  primary!: string | null;

  @ObjectField({
    description: 'Settings of LACP; only with bond mode lacp, which has active and slow when this is null.',
    of: () => LacpDto,
    default: null,
  })
  lacp!: LacpDto | null;
}

export class PatchUplinkGroupDto extends PatchOf(CreateUplinkGroupDto) {}

export class UplinkGroupDto extends AnswerOf(CreateUplinkGroupDto) {}

export class UplinkGroupQuery extends PageQuery {
  @TextField({ description: 'Exactly this name.', maxLength: 256, default: null })
  name!: string | null;

  @TextField({
    description: 'The name contains this, in upper or lower case.',
    maxLength: 256,
    default: null,
  })
  nameContains!: string | null;

  @IdField({ description: 'Uplink groups of this host.', default: null })
  hostId!: string | null;

  @IdField({ description: 'Uplink groups of this switch.', default: null })
  switchId!: string | null;

  @SortField(['name', 'createdAt', 'updatedAt'], { default: 'createdAt' })
  sort!: string;
}
