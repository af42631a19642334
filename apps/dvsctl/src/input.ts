/** Documents that the user gives: a file or stdin, in YAML or JSON, and what options add to it. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { UsageError } from './failure';
import { type Io, readAll } from './io';
import type { Fragment } from './resources/resource';

/** @param place a path, or "-" for stdin */
export async function readDocument(place: string, io: Io): Promise<Fragment> {
  return parseDocument(await readText(place, io), place === '-' ? 'stdin' : place);
}

export async function readText(place: string, io: Io): Promise<string> {
  if (place === '-') return readAll(io.stdin);
  try {
    return readFileSync(place, 'utf8');
  } catch (error) {
    throw new UsageError(`can't read ${place}: ${(error as Error).message}`);
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
