/**
 * What the two watches of the desired-state bucket have delivered so far. A value that can't be used leaves the last good one of
 * its key in place. Pure: no I/O, no clock.
 */
import { isDeepStrictEqual } from 'node:util';
import { desiredKeys, type DesiredEntry } from '@opendvs/contracts';
import type { AppliedRevisions } from '@opendvs/model';
import { assembleDesired, noHostConfig, noMeta } from './assemble-desired';
import type { Offer } from './acceptance';
import { readDesiredEntry } from './desired-entry';

export type DesiredStream = 'host' | 'shared';

/** A message of a watch, as the KV store tells it. */
export interface DesiredMessage {
  stream: DesiredStream;
  key: string;
  /** DEL and PURGE are the store's own markers; a manager deletes with a tombstone, and purges only tombstones. */
  operation: 'PUT' | 'DEL' | 'PURGE';
  value: Uint8Array;
  /** The watch has now delivered all values that were there when it began. */
  initialValuesDone: boolean;
}

/** Why a message was of no use. `repeated`: the one before it of the same key was so for the same reason. */
export interface BadMessage {
  key: string;
  reason: string;
  repeated: boolean;
}

/** Far beyond any installation (80,000 port groups): keeps a flooded bucket from filling the host's memory. */
export const KEYS_MAX = { host: 70_000, shared: 200_000 } as const;
const BAD_KEYS_MAX = 1000;

export class BusView {
  private readonly entries = {
    host: new Map<string, DesiredEntry>(),
    shared: new Map<string, DesiredEntry>(),
  };
  private readonly largest: AppliedRevisions = { host: 0, shared: 0 };
  private readonly initialValuesDone = { host: false, shared: false };
  private readonly bad = new Map<string, string>();

  /** @param lastGood entries in force now: stand in for unusable values, and keep their identity where nothing changed */
  constructor(
    private readonly hostId: string,
    private readonly lastGood: () => ReadonlyMap<string, DesiredEntry>,
  ) {}

  /** Returns what is wrong with the message, or null. */
  take(message: DesiredMessage): BadMessage | null {
    const { stream, key } = message;
    const reason = this.takeValue(message);
    if (message.initialValuesDone) this.initialValuesDone[stream] = true;
    if (reason === null) {
      this.bad.delete(key);
      return null;
    }
    const known = this.lastGood().get(key);
    if (known && !this.entries[stream].has(key)) this.keep(stream, key, known);
    const repeated = this.bad.get(key) === reason;
    if (this.bad.has(key) || this.bad.size < BAD_KEYS_MAX) this.bad.set(key, reason);
    return { key, reason, repeated };
  }

  /** Keys whose present value on the bus can't be used, and why; at most the first thousand. */
  get badKeys(): ReadonlyMap<string, string> {
    return this.bad;
  }

  /** All that the bus has for the host, as far as it is known. */
  offer(): Offer {
    const reason = this.stillReading();
    return {
      entries: this.entries,
      revisions: { ...this.largest },
      assembly: reason
        ? { complete: false, kind: 'absent', reason }
        : assembleDesired(this.hostId, this.entries),
    };
  }

  /** A watch of nothing never says that it has delivered all, so an empty stream is told apart from an unfinished one. */
  private stillReading(): string | null {
    for (const stream of ['shared', 'host'] as const) {
      if (this.initialValuesDone[stream]) continue;
      if (this.entries[stream].size > 0) return `still reading the ${stream} objects from the bus`;
      return stream === 'shared' ? noMeta() : noHostConfig(this.hostId);
    }
    return null;
  }

  private takeValue({ stream, key, operation, value }: DesiredMessage): string | null {
    const known = this.entries[stream].get(key);
    if (operation === 'DEL')
      return 'it was deleted with a marker of the store instead of a tombstone; ignored';
    if (operation === 'PURGE') return this.purge(stream, key, known);
    const reading = readDesiredEntry(this.hostId, key, value);
    if (!reading.ok) return reading.reason;
    if (known && reading.entry.revision < known.revision) {
      return `its revision ${reading.entry.revision} is older than ${known.revision}, which came before it`;
    }
    if (!known && this.entries[stream].size >= KEYS_MAX[stream]) {
      return `there are more than ${KEYS_MAX[stream]} ${stream} objects`;
    }
    this.keep(stream, key, reading.entry);
    return null;
  }

  private purge(stream: DesiredStream, key: string, known: DesiredEntry | undefined): string | null {
    if (known?.object) return 'a live object was purged from the bucket without a tombstone; ignored';
    this.entries[stream].delete(key);
    return null;
  }

  private keep(stream: DesiredStream, key: string, entry: DesiredEntry): void {
    const good = this.lastGood().get(key);
    this.entries[stream].set(key, good && isDeepStrictEqual(good, entry) ? good : entry);
    this.largest[stream] = Math.max(this.largest[stream], entry.revision);
    if (key === desiredKeys.meta && entry.kind === 'meta' && entry.object) {
      this.forgetTombstones(entry.object.revision);
    }
  }

  /** The bucket's record says that everything up to `revision` is in it: older tombstones are about to be purged there, too. */
  private forgetTombstones(revision: number): void {
    for (const entries of [this.entries.host, this.entries.shared]) {
      for (const [key, entry] of entries) {
        if (!entry.object && entry.revision <= revision) entries.delete(key);
      }
    }
  }
}
