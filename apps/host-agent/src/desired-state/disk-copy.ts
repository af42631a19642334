/**
 * The last good desired state, on disk, so that a host can start without the bus.
 *
 * A state is written *before* the agent acts on it. So whatever runs on the host is in the copy, however the agent dies, and a
 * restart without the bus neither deletes a port that was just made nor takes back an edit. What is written outlives the process at once, and a
 * loss of power soon after, when the disk has confirmed it: nothing waits for that, as a host that lost power runs nothing.
 *
 * To keep it cheap (one small write a change, however large the host), the file is a log: its first record is a whole state, each
 * further one the difference to the one before. The first write of a process, and later {@link DiskCopy.tidy}, writes the log
 * anew: a temporary file, fsync, rename, fsync of the folder.
 *
 * A record is a line: SHA-256 in hex, a space, JSON. A last line without its newline was being written when the agent died: nothing of
 * it was acted on, and it is passed over. Any other flaw makes the whole copy unusable: an older state than the one in force must never be
 * acted on.
 */
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { mkdir, open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { DesiredEntry } from '@opendvs/contracts';
import { z } from 'zod';
import { assembleDesired } from './assemble-desired';
import type { AcceptedState } from './acceptance';
import { checkDesiredEntry } from './desired-entry';

export const DISK_COPY_FILE = 'desired-state.log';
const FORMAT_VERSION = 1;
const RECORDS_MAX = 200;
/** Larger than any state within the limits of the bus view; a file beyond it is not ours. */
const FILE_BYTES_MAX = 512 * 1024 * 1024;

const revision = z.int().min(0);
const changeSchema = z.object({
  revisions: z.object({ host: revision, shared: revision }),
  put: z.record(z.string(), z.unknown()),
  removed: z.array(z.string()),
});
const firstSchema = changeSchema.extend({
  format: z.literal('opendvs-desired-state'),
  version: z.literal(FORMAT_VERSION),
  hostId: z.uuid(),
  storeId: z.uuid(),
});
type Change = z.infer<typeof changeSchema>;

export class DiskCopyError extends Error {
  override readonly name = 'DiskCopyError';
}

export class DiskCopy {
  private readonly path: string;
  private log: FileHandle | null = null;
  /** What should be on disk, and what is, so far as it was written without an error. */
  private wanted: AcceptedState | null = null;
  private written: AcceptedState | null = null;
  private records = 0;
  private unconfirmed = false;
  private confirming: Promise<void> | null = null;
  private tellUnconfirmed: (error: unknown) => void = () => {};

  constructor(
    private readonly stateDir: string,
    private readonly hostId: string,
  ) {
    this.path = join(stateDir, DISK_COPY_FILE);
  }

  /**
   * The state of the copy; null when there is none.
   * @throws DiskCopyError when there is one that can't be trusted; says what is wrong with it
   */
  async load(): Promise<AcceptedState | null> {
    const text = await this.readFile();
    if (text === null) return null;
    const complete = text.slice(0, text.lastIndexOf('\n') + 1);
    const records = complete
      .split('\n')
      .slice(0, -1)
      .map((line, index) => this.readRecord(line, index));
    if (records.length === 0) throw this.unusable('its first record was cut off');
    return this.replay(records);
  }

  /**
   * Makes `state` the one on disk; once it resolves, the death of the agent can't lose it. One call at a time, {@link tidy} included.
   */
  async save(state: AcceptedState): Promise<void> {
    this.wanted = state;
    if (!this.log || !this.written) return this.writeAnew(state);
    await this.append(recordOf(state, difference(this.written, state)));
    this.written = state;
  }

  /** Calls `listener` when the disk fails to confirm what was written. */
  onUnconfirmed(listener: (error: unknown) => void): void {
    this.tellUnconfirmed = listener;
  }

  /** True when {@link tidy} is worth its while: the log has grown long, or a write has failed. */
  get untidy(): boolean {
    return this.wanted !== null && (this.log === null || this.records > RECORDS_MAX);
  }

  /** Writes the log anew with what was saved last. For quiet moments. */
  async tidy(): Promise<void> {
    if (this.wanted) await this.writeAnew(this.wanted);
  }

  async close(): Promise<void> {
    await this.confirming;
    const log = this.log;
    this.log = null;
    await log?.close();
  }

  private async append(record: Change): Promise<void> {
    const log = this.log;
    if (!log) throw new DiskCopyError(`${this.path} is not open`);
    try {
      const bytes = Buffer.from(line(record));
      // Into the page cache: quicker than by a thread of the pool.
      const written = writeSync(log.fd, bytes);
      if (written < bytes.length)
        throw new DiskCopyError(`only ${written} of ${bytes.length} bytes could be written`);
    } catch (error) {
      await this.close(); // a piece of the record may be left in it, so the next save has to write the log anew
      throw error;
    }
    this.records += 1;
    this.unconfirmed = true;
    this.confirming ??= this.confirm(log).finally(() => (this.confirming = null));
  }

  /** Waits for the disk, in the background; what is appended meanwhile is confirmed together. */
  private async confirm(log: FileHandle): Promise<void> {
    try {
      while (this.unconfirmed) {
        this.unconfirmed = false;
        await log.datasync();
      }
    } catch (error) {
      this.records = Infinity; // untidy: the log is to be written anew
      this.tellUnconfirmed(error);
    }
  }

  private async writeAnew(state: AcceptedState): Promise<void> {
    await this.close();
    await mkdir(this.stateDir, { recursive: true, mode: 0o700 });
    const temporary = `${this.path}.new`;
    const file = await open(temporary, 'w', 0o600);
    try {
      const first = {
        format: 'opendvs-desired-state',
        version: FORMAT_VERSION,
        hostId: this.hostId,
        storeId: state.storeId,
        ...recordOf(state, { put: state.entries, removed: [] }),
      };
      await file.writeFile(line(first));
      await file.sync();
      await rename(temporary, this.path);
      await syncFolder(this.stateDir);
    } catch (error) {
      await file.close();
      throw error;
    }
    this.log = file;
    this.written = state;
    this.records = 1;
  }

  private async readFile(): Promise<string | null> {
    const file = await open(this.path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw this.unusable(error.message);
    });
    if (!file) return null;
    try {
      const { size } = await file.stat();
      if (size > FILE_BYTES_MAX) throw this.unusable(`it has ${size} bytes, more than ${FILE_BYTES_MAX}`);
      return await readFile(file, 'utf8');
    } finally {
      await file.close();
    }
  }

  private readRecord(text: string, index: number): unknown {
    const [sum, json] = [text.slice(0, 64), text.slice(65)];
    if (text[64] !== ' ' || sha256(json) !== sum) {
      throw this.unusable(`the checksum of record ${index + 1} is wrong`);
    }
    return JSON.parse(json) as unknown; // we wrote it, as the checksum shows
  }

  private replay(records: unknown[]): AcceptedState {
    const first = firstSchema.safeParse(records[0]);
    if (!first.success) throw this.unusable('its first record is of another format or version');
    if (first.data.hostId !== this.hostId) throw this.unusable(`it belongs to host ${first.data.hostId}`);
    const entries = new Map<string, DesiredEntry>();
    let revisions = first.data.revisions;
    records.forEach((record, index) => {
      const change = changeSchema.safeParse(record);
      if (!change.success) throw this.unusable(`record ${index + 1} is of another format`);
      revisions = change.data.revisions;
      for (const key of change.data.removed) entries.delete(key);
      for (const [key, value] of Object.entries(change.data.put)) entries.set(key, this.entryOf(key, value));
    });
    return this.assemble(entries, revisions, first.data.storeId);
  }

  private entryOf(key: string, value: unknown): DesiredEntry {
    const reading = checkDesiredEntry(this.hostId, key, value);
    if (!reading.ok) throw this.unusable(`${key}: ${reading.reason}`);
    return reading.entry;
  }

  private assemble(
    entries: ReadonlyMap<string, DesiredEntry>,
    revisions: AcceptedState['revisions'],
    storeId: string,
  ): AcceptedState {
    const assembly = assembleDesired(this.hostId, { shared: entries, host: entries });
    if (!assembly.complete) throw this.unusable(assembly.reason);
    return { storeId, revisions, desired: assembly.state.desired, entries: assembly.state.entries };
  }

  private unusable(reason: string): DiskCopyError {
    return new DiskCopyError(`the copy of the desired state, ${this.path}, can't be used: ${reason}`);
  }
}

interface Difference {
  put: ReadonlyMap<string, DesiredEntry>;
  removed: string[];
}

/** Entries are compared by identity: an entry that didn't change is the same object. */
function difference(from: AcceptedState | null, to: AcceptedState): Difference {
  const put = new Map([...to.entries].filter(([key, entry]) => from?.entries.get(key) !== entry));
  const removed = [...(from?.entries.keys() ?? [])].filter((key) => !to.entries.has(key));
  return { put, removed };
}

function recordOf(state: AcceptedState, change: Difference): Change {
  return { revisions: state.revisions, put: Object.fromEntries(change.put), removed: change.removed };
}

function line(record: unknown): string {
  const json = JSON.stringify(record);
  return `${sha256(json)} ${json}\n`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
