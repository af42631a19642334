/** Documents that the user gives: a file or stdin, in YAML or JSON, and what options add to it. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { UsageError } from './failure';
import { type Io, readBytes } from './io';
import type { Fragment } from './resources/resource';

/** @param place a path, or "-" for stdin */
export async function readDocument(place: string, io: Io): Promise<Fragment> {
  return parseDocument(await readText(place, io), place === '-' ? 'stdin' : place);
}

/** @throws UsageError also for what is not UTF-8: characters of a document must not be replaced on the way through. */
export async function readText(place: string, io: Io): Promise<string> {
  const bytes = place === '-' ? await readBytes(io.stdin) : readFile(place);
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
    throw new UsageError(
      `${place === '-' ? 'stdin' : place} is not UTF-8; convert it first (iconv -t UTF-8)`,
    );
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`can't read ${path}: ${(error as Error).message}`);
  }
}

/** JSON is YAML too. @param origin for messages */
export function parseDocument(text: string, origin: string): Fragment {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new UsageError(`${origin} is neither YAML nor JSON: ${(error as Error).message}`);
  }
  if (!isObject(value))
    throw new UsageError(`${origin} must hold one object, with the fields that "-o yaml" shows`);
  return value;
}

/** What `added` says wins, field by field; lists are replaced. */
export function merge(base: Fragment, added: Fragment): Fragment {
  const merged = { ...base };
  for (const [name, value] of Object.entries(added)) {
    const present = merged[name];
    merged[name] = isObject(present) && isObject(value) ? merge(present, value) : value;
  }
  return merged;
}

export function isObject(value: unknown): value is Fragment {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
