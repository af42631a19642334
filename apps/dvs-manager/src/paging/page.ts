/**
 * Pages by key, not by offset: a page begins after the last object of the one before, so objects made or deleted meanwhile neither
 * repeat nor hide others, and the last page of 60,000 costs what the first does.
 */
import type { EntityName, FilterQuery } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { type ProblemError, invalid } from '../problems/problem';

export interface Page<T> {
  items: T[];
  /** Of all pages together. */
  total: number;
  /** Path and query of the next page; null on the last one. */
  next: string | null;
}

export interface PageRequest {
  limit: number;
  cursor: string | null;
  /** "name,-createdAt" */
  sort: string;
}

/** Fields that make an order total; appended to every sort. */
export type TieBreak = readonly string[];

type KeyValue = string | number | Date;
type SortKey = { field: string; descending: boolean };

/** `url`: of the request, to make `next` from. */
export async function findPage<Row extends object>(
  em: EntityManager,
  entity: EntityName<Row>,
  list: { where: FilterQuery<NoInfer<Row>>; request: PageRequest; tieBreak: TieBreak; url: string },
): Promise<Page<Row>> {
  const { request, where } = list;
  const keys = sortKeys(request.sort, list.tieBreak);
  const after =
    request.cursor === null
      ? null
      : afterCondition(keys, readCursor(request.cursor, request.sort, keys.length));
  const rows = await readRows(after !== null, () =>
    em.find<Row>(entity, (after ? { $and: [where, after] } : where) as FilterQuery<Row>, {
      orderBy: keys.map(({ field, descending }) => ({ [field]: descending ? 'desc' : 'asc' })) as never,
      limit: request.limit + 1,
    }),
  );
  const isLast = rows.length <= request.limit;
  const items = isLast ? rows : rows.slice(0, request.limit);
  const total = isLast && request.cursor === null ? items.length : await em.count<Row>(entity, where);
  return {
    items,
    total,
    next: isLast ? null : nextUrl(list.url, writeCursor(request.sort, keys, items.at(-1)!)),
  };
}

/** A forged cursor can carry values that a column can't be compared with (SQLSTATE class 22): that is the client's error, not ours. */
async function readRows<Row>(fromCursor: boolean, read: () => Promise<Row[]>): Promise<Row[]> {
  try {
    return await read();
  } catch (error) {
    const { code } = error as { code?: string };
    if (fromCursor && code?.startsWith('22')) throw foreignCursor();
    throw error;
  }
}

function foreignCursor(): ProblemError {
  const reason = 'does not belong to this list and sort; begin again without it';
  return invalid([{ in: 'query', field: 'cursor', reason }]);
}

function sortKeys(sort: string, tieBreak: TieBreak): SortKey[] {
  const keys = sort
    .split(',')
    .map((name) => ({ field: name.replace(/^-/, ''), descending: name.startsWith('-') }));
  const rest = tieBreak.filter((field) => !keys.some((key) => key.field === field));
  return [...keys, ...rest.map((field) => ({ field, descending: false }))];
}

/** "After this row" in the order of the keys: greater in the first key, or equal in it and greater in the second, and so on. */
function afterCondition(keys: SortKey[], values: KeyValue[]): object {
  return {
    $or: keys.map(({ field, descending }, index) => ({
      ...Object.fromEntries(keys.slice(0, index).map((key, i) => [key.field, values[i]])),
      [field]: { [descending ? '$lt' : '$gt']: values[index] },
    })),
  };
}

function writeCursor(sort: string, keys: SortKey[], row: object): string {
  const values = keys.map(({ field }) => {
    const value = (row as Record<string, KeyValue>)[field]!;
    return value instanceof Date ? { at: value.getTime() } : value;
  });
  return Buffer.from(JSON.stringify([sort, ...values])).toString('base64url');
}

function readCursor(cursor: string, sort: string, count: number): KeyValue[] {
  const parts = parseCursor(cursor);
  const values = parts.slice(1).map(keyValue);
  if (parts[0] !== sort || values.length !== count || values.some((value) => value === null))
    throw foreignCursor();
  return values as KeyValue[];
}

function parseCursor(cursor: string): unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(parts) ? parts : [];
  } catch {
    return []; // not one of ours: readCursor says so
  }
}

/** Anything but plain values would be taken for an operator by the ORM. */
function keyValue(value: unknown): KeyValue | null {
  if (typeof value === 'string' && !value.includes('\u0000')) return value;
  if (Number.isSafeInteger(value)) return value as number;
  const at = (value as { at?: unknown } | null)?.at;
  return Number.isSafeInteger(at) && Math.abs(at as number) < 8.64e15 ? new Date(at as number) : null;
}

function nextUrl(url: string, cursor: string): string {
  const [path, query = ''] = url.split('?');
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  return `${path}?${parameters.toString()}`;
}

/** Condition "contains this text", case-insensitive. */
export function contains(text: string): { $ilike: string } {
  return { $ilike: `%${text.replace(/[\\%_]/g, '\\$&')}%` };
}
