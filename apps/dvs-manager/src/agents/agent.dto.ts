import { PORT_STATES, type PortState } from '@opendvs/model';
import { ReadOnlyCount, ReadOnlyField, ReadOnlyTime } from '../fields/read-only-field';
import { PortCountersDto } from '../stats/stats.dto';

export class PlanStepDto {
  @ReadOnlyField({
    type: 'string',
    enum: ['create', 'update', 'recreate', 'delete'],
    description: 'What would be done. recreate drops traffic of the object for a moment.',
  })
  verb!: 'create' | 'update' | 'recreate' | 'delete';

  @ReadOnlyField({ type: 'string', description: "The engine's object." })
  key!: string;

  @ReadOnlyField({ type: 'string', description: 'Which switch, port group and port it is for.' })
  because!: string;

  @ReadOnlyField({ type: 'boolean', description: 'Traffic would be interrupted for a moment.' })
  dropsTraffic!: boolean;
}

export class WithheldObjectDto {
  @ReadOnlyField({ type: 'string', description: "The engine's object." })
  key!: string;

  @ReadOnlyField({ type: 'string', description: 'Why it is left as it is.' })
  reason!: string;
}

export class HostPlanDto {
  @ReadOnlyField({ type: 'string', format: 'uuid', description: 'The host.' })
  hostId!: string;

  @ReadOnlyField({
    type: 'boolean',
    description: 'Nothing is to be done and nothing is withheld: the engine is as desired.',
  })
  inSync!: boolean;

  @ReadOnlyField({
    type: () => PlanStepDto,
    isArray: true,
    description: 'What the agent would do now, in order, after reading the engine back.',
  })
  steps!: PlanStepDto[];

  @ReadOnlyCount({ description: 'Steps that did not fit into the answer.' })
  omitted!: number;

  @ReadOnlyField({
    type: () => WithheldObjectDto,
    isArray: true,
    description:
      'Objects that the plan leaves as they are, and why: invalid, or waiting for something that is. The first 100.',
  })
  withheld!: WithheldObjectDto[];
}

export class LivePortStatusDto {
  @ReadOnlyField({ type: 'string', enum: [...PORT_STATES], description: 'State of the port on its host.' })
  state!: PortState;

  @ReadOnlyField({ type: 'string', nullable: true, description: 'Why, for down and error.' })
  reason!: string | null;

  @ReadOnlyTime({ description: 'Since when it has been in this state.' })
  since!: string;

  @ReadOnlyCount({ description: 'Revision of the port that the dataplane carries; 0 before the first.' })
  appliedRevision!: number;
}

export class LivePortDto {
  @ReadOnlyField({ type: 'string', format: 'uuid', description: 'The port.' })
  portId!: string;

  @ReadOnlyField({ type: 'string', format: 'uuid', description: 'The host that was asked.' })
  hostId!: string;

  @ReadOnlyField({
    type: () => LivePortStatusDto,
    nullable: true,
    description: 'null: the host has no such port.',
  })
  status!: LivePortStatusDto | null;

  @ReadOnlyField({ type: () => PortCountersDto, nullable: true, description: 'null: not counted now.' })
  counters!: PortCountersDto | null;

  @ReadOnlyField({
    type: 'object',
    additionalProperties: true,
    description:
      "The engine's own words (bridge, port number, socket …), for people; may change with any version.",
  })
  engine!: Record<string, unknown>;
}
