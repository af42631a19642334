/** All open event streams: tells each what it asked for, and first, to those that resume, the changes they missed. */
import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { HostStatuses } from '../reports/host-statuses.service';
import { PortStatuses } from '../reports/port-statuses.service';
import { ChangeFeed, type CommittedChange } from './change-feed';
import { PostgresChangeSource } from './change-source';
import type { EventStream } from './event-stream';

export const EVENT_TYPES = ['change', 'port-status', 'host-status'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export const STREAMS_MAX = 1000;
const REPLAY_PAGE = 200;

interface Subscriber {
  stream: EventStream;
  /** Name of the token that it was opened with. */
  actor: string;
  types: ReadonlySet<EventType>;
  /** The last revision it was told of. */
  revision: number;
  /** Still being told what it missed. */
  replaying: boolean;
}

@Injectable()
export class EventStreams implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Events');
  private readonly subscribers = new Set<Subscriber>();

  constructor(
    private readonly feed: ChangeFeed,
    private readonly source: PostgresChangeSource,
    private readonly hosts: HostStatuses,
    private readonly ports: PortStatuses,
  ) {}

  onApplicationBootstrap(): void {
    this.feed.subscribe((changes) => this.tellChanges(changes));
    this.hosts.changes.subscribe((status) => this.tellAll('host-status', status));
    this.ports.changes.subscribe((change) => this.tellAll('port-status', change));
  }

  beforeApplicationShutdown(): void {
    for (const { stream } of this.subscribers) stream.end('the manager is shutting down; connect again');
  }

  get isFull(): boolean {
    return this.subscribers.size >= STREAMS_MAX;
  }

  get size(): number {
    return this.subscribers.size;
  }

  /** @param lastRevision resume after this change; null: from now on */
  open(stream: EventStream, actor: string, types: ReadonlySet<EventType>, lastRevision: number | null): void {
    const head = this.feed.head ?? 0;
    const gone = lastRevision !== null && lastRevision > head;
    const subscriber: Subscriber = {
      stream,
      actor,
      types,
      revision: lastRevision === null || gone ? head : lastRevision,
      replaying: true,
    };
    this.subscribers.add(subscriber);
    stream.onClose(() => this.subscribers.delete(subscriber));
    if (gone) stream.send({ type: 'reset', id: head, data: { revision: head, reason: RESET_REASON } });
    else if (lastRevision === null) stream.send({ type: 'ready', id: head, data: { revision: head } });
    this.replay(subscriber).catch((error: Error) => {
      this.logger.warn(`changes can't be replayed: ${error.message}`);
      stream.end('the changes can not be read now; connect again');
    });
  }

  /** Until the subscriber has what the feed has told; from then on it is told with all others. */
  private async replay(subscriber: Subscriber): Promise<void> {
    const { stream } = subscriber;
    while (
      !stream.isClosed &&
      subscriber.types.has('change') &&
      subscriber.revision < (this.feed.head ?? 0)
    ) {
      const head = this.feed.head ?? 0;
      const page = await this.source.after(subscriber.revision, REPLAY_PAGE);
      if (page.length === 0) subscriber.revision = head; // revisions up to there that changed nothing
      for (const change of page) tellChange(subscriber, change);
      await stream.drained();
    }
    subscriber.replaying = false;
  }

  private tellChanges(changes: readonly CommittedChange[]): void {
    for (const { kind, action, objectName } of changes)
      if (kind === 'token' && action === 'delete') this.endStreamsOf(objectName);
    for (const subscriber of this.subscribers) {
      if (subscriber.replaying || !subscriber.types.has('change')) continue;
      for (const change of changes) if (change.revision > subscriber.revision) tellChange(subscriber, change);
    }
  }

  private endStreamsOf(actor: string): void {
    for (const subscriber of this.subscribers)
      if (subscriber.actor === actor) subscriber.stream.end('the token was revoked');
  }

  private tellAll(type: EventType, data: unknown): void {
    for (const { stream, types } of this.subscribers) if (types.has(type)) stream.send({ type, data });
  }
}

const RESET_REASON =
  'Last-Event-ID names a revision that this database has not given out: it was restored; read everything anew';

function tellChange(subscriber: Subscriber, change: CommittedChange): void {
  subscriber.revision = change.revision;
  subscriber.stream.send({ type: 'change', id: change.revision, data: change });
}
