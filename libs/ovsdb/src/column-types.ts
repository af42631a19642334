/**
 * The caller declares the tables and columns it uses; from that follow the TypeScript types of rows and how each value is
 * written on the wire. {@link defineDatabase} is checked against the server's own schema when a client connects.
 */

export type AtomType = 'string' | 'integer' | 'real' | 'boolean' | 'uuid';
type AtomValue<A extends AtomType> = A extends 'integer' | 'real'
  ? number
  : A extends 'boolean'
    ? boolean
    : string;
/** What may be written where an atom is: a reference may also name a row that the same transaction inserts. */
type AtomInput<A extends AtomType> = A extends 'uuid' ? string | NamedUuid : AtomValue<A>;

/** Stands for the UUID of a row inserted by the same transaction (RFC 7047, 5.1 `<named-uuid>`). */
export class NamedUuid {
  constructor(readonly name: string) {}
}

/**
 * `scalar`: exactly one atom. `optional`: one or none (`null`). `set`: an array without duplicates, in the server's order.
 * `map`: a Map. `Read` and `Write` exist for the compiler only.
 */
export interface Column<Read = unknown, Write = unknown> {
  readonly shape: 'scalar' | 'optional' | 'set' | 'map';
  readonly key: AtomType;
  /** Of the values of a map. */
  readonly value: AtomType | null;
  readonly read?: Read;
  readonly write?: Write;
}

export const column = {
  scalar: <A extends AtomType>(key: A): Column<AtomValue<A>, AtomInput<A>> => ({
    shape: 'scalar',
    key,
    value: null,
  }),
  optional: <A extends AtomType>(key: A): Column<AtomValue<A> | null, AtomInput<A> | null> => ({
    shape: 'optional',
    key,
    value: null,
  }),
  set: <A extends AtomType>(key: A): Column<readonly AtomValue<A>[], readonly AtomInput<A>[]> => ({
    shape: 'set',
    key,
    value: null,
  }),
  map: <K extends AtomType, V extends AtomType>(
    key: K,
    value: V,
  ): Column<ReadonlyMap<AtomValue<K>, AtomValue<V>>, ReadonlyMap<AtomInput<K>, AtomInput<V>>> => ({
    shape: 'map',
    key,
    value,
  }),
};

export type Table = Readonly<Record<string, Column>>;
export type Tables = Readonly<Record<string, Table>>;

export interface Database<T extends Tables = Tables> {
  readonly name: string;
  readonly tables: T;
}

export function defineDatabase<T extends Tables>(name: string, tables: T): Database<T> {
  return { name, tables };
}

export type ReadOf<C extends Column> = Exclude<C['read'], undefined>;
export type WriteOf<C extends Column> = Exclude<C['write'], undefined>;
/** A row as read: every declared column, and its UUID. */
export type Row<T extends Table = Table> = { readonly [C in keyof T]: ReadOf<T[C]> } & {
  readonly _uuid: string;
};
/** A row as written: the columns that are given. */
export type RowInput<T extends Table = Table> = { readonly [C in keyof T]?: WriteOf<T[C]> };
