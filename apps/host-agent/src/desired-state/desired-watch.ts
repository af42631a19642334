/**
 * Follows the desired-state bucket during one bus session: two watches, as nats-server 2.9 takes one filter each. Whenever their
 * continuity is in doubt (a watch ends, the bucket is deleted, or deleted and made anew, where a resumed watch would
 * skip what has a lower sequence number), everything is read again from the start.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Kvm, type KV, type KvWatchEntry } from '@nats-io/kv';
import { DESIRED_BUCKET, desiredKeys } from '@opendvs/contracts';
import type { BusSession } from '../bus/nats-bus';
import type { DesiredMessage, DesiredStream } from './bus-view';
import { errorMessage } from '../error-message';

export interface DesiredWatchListener {
  /** What was delivered so far counts no longer; all comes again. */
  restarted(): void;
  message(message: DesiredMessage): void;
  /** The bucket can't be followed for now; tried again. */
  interrupted(reason: string): void;
}

const RETRY_PAUSE_MS = { first: 100, longest: 2000 };
/** How often to look whether the bucket is still the one that the watches began on. */
const IDENTITY_CHECK_INTERVAL_MS = 2000;

export class DesiredWatch {
  constructor(
    private readonly hostId: string,
    private readonly listener: DesiredWatchListener,
  ) {}

  /** Works until the session ends. Never rejects because of the bus. */
  async run(session: BusSession): Promise<void> {
    let pauseMs = RETRY_PAUSE_MS.first;
    while (!session.signal.aborted) {
      const startedAt = performance.now();
      try {
        await this.follow(session);
      } catch (error) {
        if (session.signal.aborted) return;
        this.listener.interrupted(reasonOf(error));
      }
      const lasted = performance.now() - startedAt > RETRY_PAUSE_MS.longest;
      pauseMs = lasted ? RETRY_PAUSE_MS.first : Math.min(pauseMs * 2, RETRY_PAUSE_MS.longest);
      await delay(pauseMs * (0.75 + Math.random() / 4), undefined, { signal: session.signal }).catch(
        () => 'aborted',
      );
    }
  }

  private async follow(session: BusSession): Promise<void> {
    const bucket = await new Kvm(session.connection).open(DESIRED_BUCKET);
    const created = await createdAt(bucket);
    const stop = new AbortController();
    const signal = AbortSignal.any([session.signal, stop.signal]);
    this.listener.restarted();
    try {
      await Promise.race([
        this.watch(bucket, 'shared', desiredKeys.allShared, signal),
        this.watch(bucket, 'host', desiredKeys.allOfHost(this.hostId), signal),
        checkIdentity(bucket, created, signal),
      ]);
    } finally {
      stop.abort();
    }
  }

  private async watch(bucket: KV, stream: DesiredStream, key: string, signal: AbortSignal): Promise<void> {
    const entries = await bucket.watch({ key });
    const end = (): void => entries.stop();
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    try {
      for await (const entry of entries) {
        if (signal.aborted) return;
        this.listener.message(messageOf(stream, entry));
      }
    } finally {
      signal.removeEventListener('abort', end);
      entries.stop();
    }
    if (!signal.aborted) throw new Error(`the watch of the ${stream} objects ended`);
  }
}

function messageOf(stream: DesiredStream, entry: KvWatchEntry): DesiredMessage {
  return {
    stream,
    key: entry.key,
    operation: entry.operation,
    value: entry.value,
    initialValuesDone: entry.isUpdate || entry.delta === 0,
  };
}

async function checkIdentity(bucket: KV, created: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(IDENTITY_CHECK_INTERVAL_MS, undefined, { signal }).catch(() => 'aborted');
    if (signal.aborted) return;
    if ((await createdAt(bucket)) !== created) throw new Error('it was deleted and made anew');
  }
}

async function createdAt(bucket: KV): Promise<string> {
  return (await bucket.status()).streamInfo.created;
}

function reasonOf(error: unknown): string {
  const message = errorMessage(error);
  return message === 'stream not found'
    ? `the bucket ${DESIRED_BUCKET} is not on the bus: the manager makes and fills it`
    : `reading the bucket ${DESIRED_BUCKET} was interrupted: ${message}`;
}
