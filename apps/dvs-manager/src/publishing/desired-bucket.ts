/**
 * The KV bucket of desired state, from the writer's side.
 *
 * There is one writer at a time, yet one that lost its lock may still have puts in flight. So a run of puts is a chain: the first says at
 * which sequence number the whole bucket must stand (`Nats-Expected-Last-Sequence`), each further one also that the message right before it
 * must be its predecessor, by an id that nobody else can have (`Nats-Expected-Last-Msg-Id`; sequence numbers alone can be guessed
 * right by chance). The server takes an unbroken chain right behind what the writer has seen; once anybody else has written, the rest of it is
 * refused, late ones too. So the order of revisions holds across retries, timeouts and changes of leader.
 *
 * Each message carries its revision and a digest in headers: the state of 60,000 keys is read back without their bodies.
 */
import { randomUUID } from 'node:crypto';
import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  StorageType,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  type StreamInfo,
} from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { DESIRED_BUCKET, desiredEntrySchema } from '@opendvs/contracts';
import type { KeyedEntry } from '../changes/desired-entry';
import { entryDigest } from './entry-digest';

/** What the bucket holds under a key, by its headers. `readable` false: not written by a manager, or marked deleted by other means. */
export type StoredEntry =
  | ({ readable: true; storeId: string; revision: number; digest: string; deleted: boolean } & Place)
  | ({ readable: false } & Place);

interface Place {
  sequence: number;
  storedAt: Date;
}

/** The whole bucket at one moment. `createdAt` tells a bucket that was deleted and made anew. */
export interface BucketContent {
  entries: Map<string, StoredEntry>;
  /** The largest of any entry, 0 in an empty bucket. */
  revision: number;
  lastSequence: number;
  /** Of the last message, when we wrote it. */
  lastMessageId: string | null;
  createdAt: string;
}

const STREAM = `KV_${DESIRED_BUCKET}`;
const SUBJECT_PREFIX = `$KV.${DESIRED_BUCKET}.`;
const STORE_HEADER = 'OpenDVS-Store';
const REVISION_HEADER = 'OpenDVS-Revision';
const DIGEST_HEADER = 'OpenDVS-Digest';
const DELETED_HEADER = 'OpenDVS-Deleted';
const KV_OPERATION_HEADER = 'KV-Operation';
const PUT_TIMEOUT_MS = 2000;
const SCAN_BATCH = 2000;
const SCAN_BATCH_TIMEOUT_MS = 5000;
const READ_BATCH = 100;
const NO_STREAM = 10059;
/** Error codes of the server: wrong last sequence, wrong last message id. */
const MOVED = new Set([10071, 10070]);

/** The message that the next one must come right behind. `messageId` null: whose id isn't known. */
interface ChainLink {
  sequence: number;
  messageId: string | null;
}

export class DesiredBucket {
  private readonly js: JetStreamClient;

  private constructor(
    nats: NatsConnection,
    private readonly manager: JetStreamManager,
    private readonly storeId: string,
  ) {
    this.js = jetstream(nats, { timeout: PUT_TIMEOUT_MS });
  }

  /** Doesn't make the bucket. `storeId` is put on what is written. @throws when JetStream isn't there */
  static async open(nats: NatsConnection, storeId: string): Promise<DesiredBucket> {
    return new DesiredBucket(nats, await jetstreamManager(nats, { timeout: PUT_TIMEOUT_MS }), storeId);
  }

  /** Makes the bucket if it isn't there. */
  async ensure(replicas: number): Promise<void> {
    await new Kvm(this.js).create(DESIRED_BUCKET, { history: 1, storage: StorageType.File, replicas });
  }

  /** Gives a bucket that is there the right history and replicas. @returns why it can't have them, or null */
  async configure(replicas: number): Promise<string | null> {
    const { config } = await this.manager.streams.info(STREAM);
    if (config.max_msgs_per_subject === 1 && config.num_replicas === replicas) return null;
    try {
      await this.manager.streams.update(STREAM, { max_msgs_per_subject: 1, num_replicas: replicas });
      return null;
    } catch (error) {
      if (error instanceof JetStreamApiError) return error.message;
      throw error;
    }
  }

  /** Where the bucket stands, cheaply; null when it doesn't exist. */
  async position(): Promise<{ lastSequence: number; messages: number; createdAt: string } | null> {
    const info = await this.info();
    return (
      info && {
        lastSequence: info.state.last_seq,
        messages: info.state.messages,
        createdAt: String(info.created),
      }
    );
  }

  /** Reads the headers of everything. @throws when the bucket doesn't exist or the reading stalls */
  async scan(): Promise<BucketContent> {
    const info = await this.manager.streams.info(STREAM);
    const content: BucketContent = {
      entries: new Map(),
      revision: 0,
      lastSequence: info.state.last_seq,
      lastMessageId: null,
      createdAt: String(info.created),
    };
    if (info.state.messages === 0) return content;
    const consumer = await this.manager.consumers.add(STREAM, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.All,
      headers_only: true,
      mem_storage: true,
      inactive_threshold: 30_000_000_000, // ns: the server removes it if we can't
    });
    try {
      await this.readAll(consumer.name, content);
    } finally {
      await this.manager.consumers.delete(STREAM, consumer.name);
    }
    return content;
  }

  /** The entries under these keys; those that are missing or malformed are left out. */
  async read(keys: readonly string[]): Promise<KeyedEntry[]> {
    const found: KeyedEntry[] = [];
    for (let i = 0; i < keys.length; i += READ_BATCH) {
      const part = await Promise.all(keys.slice(i, i + READ_BATCH).map((key) => this.readOne(key)));
      found.push(...part.filter((entry) => entry !== null));
    }
    return found;
  }

  /**
   * Appends in this order, pipelined, and keeps `content` up to date. What was acknowledged before a failure is in `content`.
   * @throws BucketMovedError when somebody else wrote since `content` was read; otherwise whatever the bus said. Then `content`
   * must be read anew: a put that wasn't acknowledged may have been stored
   */
  async append(entries: readonly KeyedEntry[], content: BucketContent): Promise<void> {
    let link: ChainLink = { sequence: content.lastSequence, messageId: content.lastMessageId };
    const puts = entries.map((keyed) => {
      const messageId = randomUUID();
      const stored = this.put(keyed, messageId, link);
      link = { sequence: link.sequence + 1, messageId };
      return { key: keyed.key, messageId, stored };
    });
    const results = await Promise.allSettled(puts.map(({ stored }) => stored));
    results.forEach((result, i) => {
      if (result.status === 'rejected') throw result.reason;
      note(content, puts[i]!.key, result.value);
      content.lastSequence = result.value.sequence;
      content.lastMessageId = puts[i]!.messageId;
    });
  }

  /** Forgets a tombstone for good. Names it by its sequence, so a newer entry of the key is safe. */
  async purge(key: string, sequence: number): Promise<void> {
    await this.manager.streams.purge(STREAM, { filter: SUBJECT_PREFIX + key, seq: sequence + 1 });
  }

  private async info(): Promise<StreamInfo | null> {
    try {
      return await this.manager.streams.info(STREAM);
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === NO_STREAM) return null;
      throw error;
    }
  }

  private async readAll(consumerName: string, content: BucketContent): Promise<void> {
    const consumer = await this.js.consumers.get(STREAM, consumerName);
    for (let pending = Infinity; pending > 0;) {
      const before = pending;
      const batch = await consumer.fetch({ max_messages: SCAN_BATCH, expires: SCAN_BATCH_TIMEOUT_MS });
      for await (const message of batch) {
        pending = message.info.pending;
        note(content, message.subject.slice(SUBJECT_PREFIX.length), storedEntry(message));
        if (pending === 0) break;
      }
      if (pending === before) throw new Error('reading the bucket stalled; it will be read again');
    }
  }

  /** `after`: the message that it must come right behind. */
  private async put({ key, entry }: KeyedEntry, msgID: string, after: ChainLink): Promise<StoredEntry> {
    const { revision } = entry;
    const digest = entryDigest(entry);
    const deleted = entry.object === null;
    try {
      const ack = await this.js.publish(SUBJECT_PREFIX + key, JSON.stringify(entry), {
        headers: this.entryHeaders(revision, digest, deleted),
        msgID,
        expect: {
          streamName: STREAM,
          lastSequence: after.sequence,
          ...(after.messageId === null ? {} : { lastMsgID: after.messageId }),
        },
        timeout: PUT_TIMEOUT_MS,
      });
      const place = { sequence: ack.seq, storedAt: new Date() };
      return { readable: true, storeId: this.storeId, revision, digest, deleted, ...place };
    } catch (error) {
      if (error instanceof JetStreamApiError && MOVED.has(error.code)) throw new BucketMovedError();
      throw error;
    }
  }

  private entryHeaders(revision: number, digest: string, deleted: boolean): MsgHdrs {
    const result = headers();
    result.set(STORE_HEADER, this.storeId);
    result.set(REVISION_HEADER, `${revision}`);
    result.set(DIGEST_HEADER, digest);
    if (deleted) result.set(DELETED_HEADER, '1');
    return result;
  }

  private async readOne(key: string): Promise<KeyedEntry | null> {
    const message = await this.manager.streams.getMessage(STREAM, { last_by_subj: SUBJECT_PREFIX + key });
    if (!message || message.header.has(KV_OPERATION_HEADER)) return null;
    const parsed = desiredEntrySchema.safeParse(parseJson(message.string()));
    return parsed.success ? { key, entry: parsed.data } : null;
  }
}

/** Somebody else has written to the bucket since it was last read. */
export class BucketMovedError extends Error {
  override readonly name = 'BucketMovedError';
  constructor() {
    super('the bucket was written to by somebody else since it was read');
  }
}

function note(content: BucketContent, key: string, stored: StoredEntry): void {
  content.entries.set(key, stored);
  if (stored.readable) content.revision = Math.max(content.revision, stored.revision);
}

function storedEntry(message: JsMsg): StoredEntry {
  const place = { sequence: message.seq, storedAt: new Date(message.info.timestampNanos / 1e6) };
  const header = (name: string) => message.headers?.get(name) ?? '';
  const storeId = header(STORE_HEADER);
  const digest = header(DIGEST_HEADER);
  const revision = Number(header(REVISION_HEADER) || NaN);
  if (!storeId || !digest || !Number.isSafeInteger(revision) || header(KV_OPERATION_HEADER))
    return { readable: false, ...place };
  return { readable: true, storeId, revision, digest, deleted: header(DELETED_HEADER) === '1', ...place };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // not an entry: the schema says so
    throw error;
  }
}
