import { PORT_NUMBER_MAX, PORT_NUMBER_MIN, PORT_STATES, type PortState, RING_SIZES } from '@opendvs/model';
import { AnswerOf, PatchOf } from '../fields/derived-dto';
import { IntegerField } from '../fields/number-fields';
import { ReadOnlyCount, ReadOnlyField, ReadOnlyTime } from '../fields/read-only-field';
import { ChoiceField, IdField, NameField, TextField } from '../fields/text-fields';
import { PageQuery, SortField } from '../paging/page-query.dto';
import { macAddressReason } from './mac-address';

export class CreatePortDto {
  @IdField({
    description:
      'The port group, whose switch the port is on. PATCH can move it to another group of the same switch.',
  })
  portGroupId!: string;

  @IdField({
    description: 'The host that its virtual machine runs on. It must be in the switch.',
    fixed: true,
  })
  hostId!: string;

  @NameField({ description: 'Name of the port, unique in its switch.', example: 'web-1-eth0' })
  name!: string;

  @TextField({
    description:
      "Address of the virtual machine's NIC, unique in the switch. Drawn from locally administered addresses when it is not given.",
    maxLength: 17,
    example: '0a:d5:00:12:34:56',
    default: null,
    check: (value) => macAddressReason(value as string),
  })
  macAddress!: string | null;

  @IntegerField({
    description: "Queues of the NIC; at most the virtual machine's CPUs.",
    min: 1,
    max: 8,
    default: 1,
  })
  queues!: number;

  @IntegerField({
    description: "Descriptors in each of the NIC's rings.",
    min: Math.min(...RING_SIZES),
    max: Math.max(...RING_SIZES),
    values: RING_SIZES,
    default: RING_SIZES[0],
  })
  ringSize!: number;

  @TextField({
    description: 'Id of the virtual machine, in whatever system has it.',
    maxLength: 256,
    default: null,
  })
  vmId!: string | null;

  @TextField({ description: 'Name of the virtual machine.', maxLength: 256, default: null })
  vmName!: string | null;
}

export class PatchPortDto extends PatchOf(CreatePortDto) {}

/** What the host tells of the port. */
export class PortStatusDto {
  @ReadOnlyField({
    type: 'string',
    enum: PORT_STATES,
    description:
      'pending: the host has not told of it yet. wired: the dataplane has it, no virtual machine is connected. connected: one is. down: it has gone, or the port group is down. error: see reason.',
  })
  state!: PortState;

  @ReadOnlyField({
    type: 'string',
    nullable: true,
    description: 'Why it is down or in error, and what to do.',
  })
  reason!: string | null;

  @ReadOnlyTime({ description: 'Since when it has been in this state.' })
  since!: string;

  @ReadOnlyCount({ description: 'Revision of the port that the dataplane carries; 0 before the first.' })
  appliedRevision!: number;

  @ReadOnlyField({
    type: 'boolean',
    description: 'The host is not alive or has not confirmed it lately: it may be otherwise by now.',
  })
  stale!: boolean;
}

export class PortDto extends AnswerOf(CreatePortDto) {
  @ReadOnlyField({ type: 'string', nullable: false, description: "Address of the virtual machine's NIC." })
  override macAddress!: string;

  @ReadOnlyField({ type: 'string', format: 'uuid', description: 'The switch of its port group.' })
  switchId!: string;

  @ReadOnlyField({
    type: 'integer',
    minimum: PORT_NUMBER_MIN,
    maximum: PORT_NUMBER_MAX,
    description: 'Number of the port on its host: its OpenFlow port number.',
  })
  number!: number;

  @ReadOnlyField({ type: 'string', description: 'The vhost-user socket on the host, where QEMU listens.' })
  socketPath!: string;

  @ReadOnlyField({ type: 'string', description: 'Name of the interface in the dataplane.' })
  interfaceName!: string;

  @ReadOnlyField({
    type: () => PortStatusDto,
    description: 'What the host tells of the port. Not covered by the ETag.',
  })
  status!: PortStatusDto;
}

export class PortQuery extends PageQuery {
  @TextField({ description: 'Exactly this name.', maxLength: 256, default: null })
  name!: string | null;

  @TextField({
    description: 'The name contains this, in upper or lower case.',
    maxLength: 256,
    default: null,
  })
  nameContains!: string | null;

  @IdField({ description: 'Ports of this switch.', default: null })
  switchId!: string | null;

  @IdField({ description: 'Ports of this port group.', default: null })
  portGroupId!: string | null;

  @IdField({ description: 'Ports on this host.', default: null })
  hostId!: string | null;

  @TextField({ description: 'The port with this MAC address.', maxLength: 17, default: null })
  macAddress!: string | null;

  @TextField({ description: 'Ports of the virtual machine with this id.', maxLength: 256, default: null })
  vmId!: string | null;

  @TextField({ description: 'Ports of virtual machines with this name.', maxLength: 256, default: null })
  vmName!: string | null;

  @ChoiceField({ description: 'Ports in this state, as last reported.', values: PORT_STATES, default: null })
  state!: PortState | null;

  @SortField(['name', 'createdAt', 'updatedAt', 'number', 'macAddress'], { default: 'createdAt' })
  sort!: string;
}
