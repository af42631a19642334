/**
 * One message of the desired-state bucket, read with suspicion: its size, its key, its schema, and that key and value speak
 * of the same object. Nothing of the payload is quoted in a reason.
 */
import { desiredEntrySchema, desiredKeys, type DesiredEntry } from '@opendvs/contracts';

/** The largest legitimate value, a trunk of 2,047 separate VLANs, has about 60 KiB. */
export const ENTRY_BYTES_MAX = 256 * 1024;

export type EntryReading = { ok: true; entry: DesiredEntry } | { ok: false; reason: string };

/** Reads the value of `key` for the host `hostId`. Never throws. */
export function readDesiredEntry(hostId: string, key: string, value: Uint8Array): EntryReading {
  if (value.byteLength > ENTRY_BYTES_MAX) {
    return refused(`its value has ${value.byteLength} bytes, more than ${ENTRY_BYTES_MAX}`);
  }
  const json = parseJson(value);
  if (!json.ok) return refused(`its value is not JSON in UTF-8 (${json.reason})`);
  return checkDesiredEntry(hostId, key, json.value);
}

/** The same for a value that is already parsed, such as one read back from disk. */
export function checkDesiredEntry(hostId: string, key: string, value: unknown): EntryReading {
  const parsed = desiredEntrySchema.safeParse(value);
  if (!parsed.success) {
    const issues = parsed.error.issues.slice(0, 3).map((i) => `${i.path.join('.') || 'value'}: ${i.message}`);
    return refused(`its value doesn't match the schema: ${issues.join('; ').slice(0, 300)}`);
  }
  const entry = parsed.data;
  const mismatch = keyMismatch(hostId, key, entry);
  return mismatch ? refused(mismatch) : { ok: true, entry };
}

function parseJson(value: Uint8Array): { ok: true; value: unknown } | { ok: false; reason: string } {
  try {
    return {
      ok: true,
      value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value)) as unknown,
    };
  } catch (error) {
    return { ok: false, reason: error instanceof SyntaxError ? 'syntax error' : 'malformed UTF-8' };
  }
}

function keyMismatch(hostId: string, key: string, entry: DesiredEntry): string | null {
  const { kind, object } = entry;
  if (key !== expectedKey(hostId, key, entry)) return `a value of kind ${kind} doesn't belong under this key`;
  if (!object) return null;
  if (object.revision > entry.revision) return `its object has a later revision than its entry`;
  if (kind === 'port' && entry.object && entry.object.hostId !== hostId) return `the port is of another host`;
  return null;
}

/** The key under which the entry has to be; a tombstone has no id of its own, so its key's last token stands for it. */
function expectedKey(hostId: string, key: string, entry: DesiredEntry): string | null {
  const id = entry.object && 'id' in entry.object ? entry.object.id : lastToken(key);
  switch (entry.kind) {
    case 'meta':
      return desiredKeys.meta;
    case 'switch':
      return desiredKeys.switch(id);
    case 'port-group':
      return desiredKeys.portGroup(id);
    case 'host':
      return entry.object && entry.object.id !== hostId ? null : desiredKeys.host(hostId);
    case 'port':
      return desiredKeys.port(hostId, id);
  }
}

function lastToken(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}

function refused(reason: string): EntryReading {
  return { ok: false, reason };
}
