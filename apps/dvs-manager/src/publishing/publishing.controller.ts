import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Bus } from '../bus/bus';
import { ReadOnlyCount, ReadOnlyField, ReadOnlyTime } from '../fields/read-only-field';
import { ReadOperation } from '../openapi/operations';
import { OutboxBacklog } from './outbox-backlog.service';
import { Publisher, type PublishingState } from './publisher';

export class PublishingDto {
  @ReadOnlyField({
    type: 'string',
    enum: ['publishing', 'standby', 'held-up', 'stopped'],
    description:
      'publishing: this manager publishes, and all is well. standby: another one does. held-up: it is this one, and it can not now; it tries again by itself. ' +
      "stopped: the bus holds another database's state, and people must decide.",
  })
  state!: PublishingState['state'];

  @ReadOnlyTime({ nullable: true, description: 'Since when it is held up or stopped.' })
  since!: string | null;

  @ReadOnlyField({
    type: 'string',
    nullable: true,
    description: 'Why it is held up or stopped, and what to do.',
  })
  reason!: string | null;

  @ReadOnlyField({ type: 'boolean', description: 'This manager is connected to the bus.' })
  busConnected!: boolean;

  @ReadOnlyField({ type: 'string', nullable: true, description: 'Why it is not.' })
  busReason!: string | null;

  @ReadOnlyCount({ description: 'Changes that are saved and not yet on the bus.' })
  waitingChanges!: number;

  @ReadOnlyField({
    type: 'number',
    minimum: 0,
    nullable: true,
    description: 'Age of the oldest of them; null when there are none. Unit: seconds.',
  })
  oldestWaitingSeconds!: number | null;
}

@ApiTags('health')
@Controller('publishing')
export class PublishingController {
  constructor(
    private readonly publisher: Publisher,
    private readonly bus: Bus,
    private readonly backlog: OutboxBacklog,
  ) {}

  @Get()
  @ReadOperation({
    id: 'getPublishing',
    summary: 'Whether changes reach the bus, and what stands in the way',
    of: PublishingDto,
  })
  async get(): Promise<PublishingDto> {
    const { publisher, bus } = this;
    const trouble = 'reason' in publisher.state ? publisher.state : null;
    const { entries, oldestSeconds } = await this.backlog.measure();
    return {
      state: publisher.state.state,
      since: trouble?.since.toISOString() ?? null,
      reason: trouble?.reason ?? null,
      busConnected: bus.connected,
      busReason: bus.outage?.reason ?? null,
      waitingChanges: entries,
      oldestWaitingSeconds: oldestSeconds,
    };
  }
}
