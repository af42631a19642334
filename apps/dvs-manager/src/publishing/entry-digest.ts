/** A short name for an entry's content, the same however its JSON was ordered on the way through PostgreSQL. */
import { createHash } from 'node:crypto';
import type { DesiredEntry } from '@opendvs/contracts';

/** 16 hex digits (64 bit) over kind and object; the revision is not part of it. */
export function entryDigest(entry: DesiredEntry): string {
  const content = entry.object === null ? null : { ...entry.object, revision: 0 };
  return createHash('sha256')
    .update(canonicalJson([entry.kind, content]))
    .digest('hex')
    .slice(0, 16);
}

/** JSON with the keys of every object sorted; undefined members left out, as JSON does. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => (isRecord(member) ? sorted(member) : member));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sorted(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(record)
      .sort()
      .map((key) => [key, record[key]]),
  );
}
