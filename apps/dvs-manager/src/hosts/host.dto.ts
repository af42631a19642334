import { ENGINES, type Engine, SUPPRESSION_KINDS } from '@opendvs/model';
import { AnswerOf, PatchOf } from '../fields/derived-dto';
import { ReadOnlyCount, ReadOnlyField, ReadOnlyTime } from '../fields/read-only-field';
import { ChoiceField, IdField, NameField, TextField } from '../fields/text-fields';
import { PageQuery, SortField } from '../paging/page-query.dto';
import { socketDirReason } from './socket-dir';

export const VHOST_SOCKET_DIR_DEFAULT = '/run/opendvs/vhost';
export const HOST_STATES = ['alive', 'down', 'unknown'] as const;

export class CreateHostDto {
  @IdField({
    description:
      'The id that the agent of the host is configured with (OPENDVS_HOST_ID); made when it is not given.',
    default: null,
    fixed: true,
  })
  id!: string | null;

  @NameField({ description: 'Name of the host, unique.', example: 'compute-1' })
  name!: string;

  @ChoiceField({
    description:
      'What forwards packets on the host. sim keeps everything in memory: for tests and demonstration. Can be changed only while the host has no ports.',
    values: ENGINES,
    default: 'ovs-dpdk',
  })
  engine!: Engine;

  @TextField({
    description: `Folder of the vhost-user sockets on the host: absolute, and so short that a socket's path has at most 107 bytes. Can be changed only while the host has no ports.`,
    maxLength: 4096,
    example: VHOST_SOCKET_DIR_DEFAULT,
    default: VHOST_SOCKET_DIR_DEFAULT,
    check: (value) => socketDirReason(value as string),
  })
  vhostSocketDir!: string;
}

export class PatchHostDto extends PatchOf(CreateHostDto) {}

export class AppliedRevisionsDto {
  @ReadOnlyCount({ description: "All changes of the host's own objects up to it are in its dataplane." })
  host!: number;

  @ReadOnlyCount({ description: 'All changes of switches and port groups up to it are in its dataplane.' })
  shared!: number;
}

export class CapabilitiesDto {
  @ReadOnlyField({ type: 'string', isArray: true, description: 'Switch modes that it can realise.' })
  switchModes!: string[];

  @ReadOnlyField({
    type: 'string',
    enum: SUPPRESSION_KINDS,
    isArray: true,
    description: 'Kinds of broadcast suppression that it can enforce.',
  })
  suppressionKinds!: string[];

  @ReadOnlyField({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'What it can not do, and why.',
  })
  unsupported!: Record<string, string>;

  @ReadOnlyCount({ description: 'How many ports it can carry.' })
  maxPorts!: number;
}

export class HostEngineDto {
  @ReadOnlyField({ type: 'string', description: 'As the engine calls itself.' })
  name!: string;

  @ReadOnlyField({ type: 'string', description: 'Versions of the engine and what it is built on.' })
  version!: string;

  @ReadOnlyField({ type: 'boolean', description: 'Whether it answers the agent.' })
  up!: boolean;

  @ReadOnlyField({ type: 'string', nullable: true, description: 'Why it does not.' })
  reason!: string | null;

  @ReadOnlyField({ type: () => CapabilitiesDto, description: 'What it can do.' })
  capabilities!: CapabilitiesDto;
}

export class HostProblemDto {
  @ReadOnlyField({ type: 'string', description: 'What is at fault.' })
  object!: string;

  @ReadOnlyField({ type: 'string', description: 'What is wrong, and what to do.' })
  message!: string;
}

/** What the host tells of itself. */
export class HostStatusDto {
  @ReadOnlyField({
    type: 'string',
    enum: HOST_STATES,
    description:
      'alive: its agent reports. down: it has been silent for too long. unknown: never heard of, or the manager can not tell now.',
  })
  state!: (typeof HOST_STATES)[number];

  @ReadOnlyTime({ description: 'Since when it has been in this state.' })
  since!: string;

  @ReadOnlyField({ type: 'string', nullable: true, description: 'Why it is not alive.' })
  reason!: string | null;

  @ReadOnlyTime({ nullable: true, description: 'Last sign of life; null: never.' })
  lastSeenAt!: string | null;

  @ReadOnlyField({
    type: 'string',
    nullable: true,
    description: 'Version of the agent; null before its first report.',
  })
  agentVersion!: string | null;

  @ReadOnlyField({
    type: () => HostEngineDto,
    nullable: true,
    description: 'The engine; null until it has been opened once.',
  })
  engine!: HostEngineDto | null;

  @ReadOnlyField({
    type: 'string',
    enum: ['none', 'cached', 'current', 'refused'],
    nullable: true,
    description:
      "Which desired state the agent acts on: none yet, the last good copy of its disk, the current one, or a refused one's predecessor.",
  })
  desiredState!: string | null;

  @ReadOnlyField({ type: 'string', nullable: true, description: 'Why it does not act on the current one.' })
  desiredStateReason!: string | null;

  @ReadOnlyField({ type: () => AppliedRevisionsDto, description: 'What is in its dataplane.' })
  appliedRevisions!: AppliedRevisionsDto;

  @ReadOnlyField({
    type: () => HostProblemDto,
    isArray: true,
    description: 'What could not be applied, ports not included.',
  })
  problems!: HostProblemDto[];
}

export class HostDto extends AnswerOf(CreateHostDto) {
  @ReadOnlyField({
    type: 'string',
    format: 'uuid',
    isArray: true,
    description: 'Switches that the host is in.',
  })
  switchIds!: string[];

  @ReadOnlyField({
    type: () => HostStatusDto,
    description: 'What the host tells of itself. Not covered by the ETag.',
  })
  status!: HostStatusDto;
}

export class HostQuery extends PageQuery {
  @TextField({ description: 'Exactly this name.', maxLength: 256, default: null })
  name!: string | null;

  @TextField({
    description: 'The name contains this, in upper or lower case.',
    maxLength: 256,
    default: null,
  })
  nameContains!: string | null;

  @ChoiceField({ description: 'Hosts with this engine.', values: ENGINES, default: null })
  engine!: Engine | null;

  @IdField({ description: 'Hosts in this switch.', default: null })
  switchId!: string | null;

  @ChoiceField({ description: 'Hosts in this state.', values: HOST_STATES, default: null })
  state!: (typeof HOST_STATES)[number] | null;

  @SortField(['name', 'createdAt', 'updatedAt'], { default: 'createdAt' })
  sort!: string;
}
