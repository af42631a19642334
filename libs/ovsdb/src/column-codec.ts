/**
 * Values of columns on the wire (RFC 7047, 5.1) and the differences that `monitor_cond` sends of them (ovsdb-server(7), 4.1.14).
 * A set of one atom may come as that atom; an optional column is a set of none or one.
 */
import { NamedUuid, type AtomType, type Column } from './column-types';
import type { Json } from './json-rpc-connection';

export type Atom = string | number | boolean;
export type Value = Atom | null | readonly Atom[] | ReadonlyMap<Atom, Atom>;

/** @throws Error when `json` is not a value of the column. */
export function decodeColumn(column: Column, json: Json): Value {
  switch (column.shape) {
    case 'scalar':
      return decodeAtom(column.key, json);
    case 'optional':
      return decodeSet(column.key, json)[0] ?? null;
    case 'set':
      return decodeSet(column.key, json);
    case 'map':
      return new Map(
        pairsOf(json).map(([k, v]) => [decodeAtom(column.key, k), decodeAtom(column.value!, v)]),
      );
  }
}

/** What a column holds in a row that doesn't mention it. */
export function defaultOf(column: Column): Value {
  switch (column.shape) {
    case 'scalar':
      return DEFAULT_ATOMS[column.key];
    case 'optional':
      return null;
    case 'set':
      return [];
    case 'map':
      return new Map();
  }
}

export function encodeColumn(column: Column, value: unknown): Json {
  switch (column.shape) {
    case 'scalar':
      return encodeAtom(column.key, value);
    case 'optional':
      return value === null ? ['set', []] : encodeAtom(column.key, value);
    case 'set':
      return ['set', (value as readonly unknown[]).map((atom) => encodeAtom(column.key, atom))];
    case 'map':
      return [
        'map',
        [...(value as ReadonlyMap<unknown, unknown>)].map(([k, v]) => [
          encodeAtom(column.key, k),
          encodeAtom(column.value!, v),
        ]),
      ];
  }
}

export function encodeAtom(type: AtomType, value: unknown): Json {
  if (value instanceof NamedUuid) return ['named-uuid', value.name];
  return type === 'uuid' ? ['uuid', value as string] : (value as Atom);
}

/**
 * The value after a change of which the server sent only the difference.
 * @param atomsMax how many atoms the server's schema allows in the column: with one, the difference is the new value.
 */
export function applyDifference(column: Column, atomsMax: number, before: Value, difference: Json): Value {
  if (atomsMax <= 1) return decodeColumn(column, difference);
  if (column.shape === 'map') {
    return toggleEntries(
      before as ReadonlyMap<Atom, Atom>,
      decodeColumn(column, difference) as ReadonlyMap<Atom, Atom>,
    );
  }
  return toggleElements(before as readonly Atom[], decodeSet(column.key, difference));
}

function toggleElements(before: readonly Atom[], toggled: readonly Atom[]): Atom[] {
  const elements = new Set(before);
  for (const atom of toggled) {
    if (!elements.delete(atom)) elements.add(atom);
  }
  return [...elements].sort(byAtom);
}

function toggleEntries(before: ReadonlyMap<Atom, Atom>, toggled: ReadonlyMap<Atom, Atom>): Map<Atom, Atom> {
  const entries = new Map(before);
  for (const [key, value] of toggled) {
    if (entries.get(key) === value) entries.delete(key);
    else entries.set(key, value);
  }
  return entries;
}

const DEFAULT_ATOMS: Record<AtomType, Atom> = {
  string: '',
  integer: 0,
  real: 0,
  boolean: false,
  uuid: '00000000-0000-0000-0000-000000000000',
};

const JS_TYPES: Record<AtomType, 'string' | 'number' | 'boolean'> = {
  string: 'string',
  integer: 'number',
  real: 'number',
  boolean: 'boolean',
  uuid: 'string',
};

function decodeAtom(type: AtomType, json: Json): Atom {
  const value = type === 'uuid' && Array.isArray(json) && json[0] === 'uuid' ? json[1] : json;
  if (typeof value !== JS_TYPES[type])
    throw new Error(`expected an OVSDB ${type}, received ${JSON.stringify(json)}`);
  return value as Atom;
}

/** Elements in ascending order: that of the server for numbers, and any fixed one will do for the rest. */
function decodeSet(type: AtomType, json: Json): Atom[] {
  const isSet = Array.isArray(json) && json[0] === 'set' && Array.isArray(json[1]);
  const elements = isSet ? (json[1] as Json[]) : [json];
  return elements.map((element) => decodeAtom(type, element)).sort(byAtom);
}

function pairsOf(json: Json): [Json, Json][] {
  if (Array.isArray(json) && json[0] === 'map' && Array.isArray(json[1])) return json[1] as [Json, Json][];
  throw new Error(`expected an OVSDB map, received ${JSON.stringify(json)}`);
}

function byAtom(a: Atom, b: Atom): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
