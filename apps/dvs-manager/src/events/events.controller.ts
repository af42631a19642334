import { Controller, Get, Headers, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { shown } from '../fields/field';
import { TextField } from '../fields/text-fields';
import { ProblemResponses } from '../openapi/operations';
import { invalid, ProblemError } from '../problems/problem';
import { EventStream } from './event-stream';
import { EVENT_TYPES, EventStreams, type EventType, STREAMS_MAX } from './event-streams.service';

export class EventsQuery {
  @TextField({
    description: `Only these, separated by commas: ${EVENT_TYPES.join(', ')}.`,
    maxLength: 100,
    default: EVENT_TYPES.join(','),
    example: 'change,host-status',
    check: (value) => {
      const unknown = String(value)
        .split(',')
        .find((type) => !isEventType(type));
      return unknown === undefined
        ? null
        : `must be of ${EVENT_TYPES.join(', ')}, separated by commas; got ${shown(unknown)}`;
    },
  })
  types!: string;
}

@ApiTags('events')
@Controller('events')
export class EventsController {
  constructor(private readonly streams: EventStreams) {}

  @Get()
  @ApiOperation({
    operationId: 'streamEvents',
    summary: 'Follow changes and statuses as they happen (server-sent events)',
    description:
      '`change`: a committed change of any kind, as in GET /changes; its id is its revision. `port-status`: {portId, hostId, status}, status null when the host has the port no more. ' +
      '`host-status`: a host as it is now. `ready`: the stream has begun, its id is the last revision so far. `reset`: the revisions that you know are gone ' +
      '(the database was restored): read everything anew. `end`: why the stream ends. Comments keep the connection alive. Statuses are not replayed: read them once after connecting.',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The last id that you got: changes after it are sent first.',
    schema: { type: 'string', pattern: '^\\d{1,15}$' },
  })
  @ApiProduces('text/event-stream')
  @ApiResponse({
    status: 200,
    description: 'A stream without end.',
    content: { 'text/event-stream': { schema: { type: 'string', description: 'Server-sent events.' } } },
  })
  @ProblemResponses(
    'validation-failed',
    'malformed-request',
    'unauthorized',
    'too-many-requests',
    'internal-error',
    'unavailable',
  )
  stream(
    @Query() query: EventsQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): void {
    const lastRevision = readLastEventId(lastEventId);
    if (this.streams.isFull)
      throw new ProblemError(
        'unavailable',
        `this manager has ${STREAMS_MAX} event streams open already; try another`,
        {
          headers: { 'retry-after': '5' },
        },
      );
    reply.hijack();
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    reply.raw.socket?.setNoDelay(true);
    const types = new Set(query.types.split(',').filter(isEventType));
    this.streams.open(new EventStream(reply.raw), request.actor, types, lastRevision);
  }
}

function isEventType(type: string): type is EventType {
  return (EVENT_TYPES as readonly string[]).includes(type);
}

function readLastEventId(text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw invalid([
    { in: 'header', field: 'Last-Event-ID', reason: `must be an id of this stream; got ${shown(text)}` },
  ]);
}
