import { ReadOnlyField } from '../fields/read-only-field';

export class AppliedDto {
  @ReadOnlyField({
    type: 'boolean',
    enum: [true],
    description: 'Every host concerned has the change in its dataplane.',
  })
  applied!: true;
}

export class AwaitedHostDto {
  @ReadOnlyField({ type: 'string', format: 'uuid', description: 'The host.' })
  hostId!: string;

  @ReadOnlyField({
    type: 'string',
    description: 'Why it has not acknowledged the change yet, as far as is known.',
  })
  reason!: string;
}

export class ApplyFailureDto {
  @ReadOnlyField({ type: 'string', format: 'uuid', description: 'The host that could not apply the change.' })
  hostId!: string;

  @ReadOnlyField({
    type: 'string',
    format: 'uuid',
    nullable: true,
    description: 'The port at fault; null when it is not a port.',
  })
  portId!: string | null;

  @ReadOnlyField({ type: 'string', description: 'What is wrong on the host, and what to do.' })
  reason!: string;
}

export class NotAppliedDto {
  @ReadOnlyField({
    type: 'boolean',
    enum: [false],
    description: 'The change is saved; the dataplane does not have (all of) it.',
  })
  applied!: false;

  @ReadOnlyField({
    type: () => AwaitedHostDto,
    isArray: true,
    description: 'Hosts that have not acknowledged it in time.',
  })
  waitingFor!: AwaitedHostDto[];

  @ReadOnlyField({
    type: () => ApplyFailureDto,
    isArray: true,
    description: 'Where it was tried and failed.',
  })
  failures!: ApplyFailureDto[];
}
