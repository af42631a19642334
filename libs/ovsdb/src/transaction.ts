/**
 * A transaction under construction: operations of RFC 7047, 5.2 with the types of the declared tables. Nothing is sent before
 * `OvsdbClient.transact`, which does all of it or nothing. Each verb returns a handle to read its outcome with.
 */
import { encodeAtom, encodeColumn, decodeColumn } from './column-codec';
import {
  NamedUuid,
  type Column,
  type Database,
  type ReadOf,
  type Row,
  type RowInput,
  type Table,
  type Tables,
  type WriteOf,
} from './column-types';
import { OvsdbTransactionError } from './errors';
import type { Json } from './json-rpc-connection';

export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'includes' | 'excludes';
/** All must hold. A string stands for the row of that UUID. */
export type Where<T extends Table> = string | readonly Condition<T>[];
export type Condition<T extends Table> = {
  [C in keyof T & string]: readonly [C, ComparisonOperator, WriteOf<T[C]>];
}[keyof T & string];

type KeysOf<C extends Column> = ReadOf<C> extends ReadonlyMap<infer K, unknown> ? readonly K[] : WriteOf<C>;
/** `insert` and `delete` of set elements or map entries (a map's entries can be deleted by key), and arithmetic. */
export type Mutation<T extends Table> = {
  [C in keyof T & string]:
    | readonly [C, 'insert', WriteOf<T[C]>]
    | readonly [C, 'delete', WriteOf<T[C]>]
    | readonly [C, 'delete-keys', KeysOf<T[C]>]
    | readonly [C, '+=' | '-=', number];
}[keyof T & string];

/** Refers to an operation of a transaction, to ask the outcome about it. */
export interface OperationHandle {
  readonly index: number;
}
export interface Selection<T extends Table> extends OperationHandle {
  readonly columns: T;
}

export class Transaction<T extends Tables> {
  private readonly operations: { [key: string]: Json }[] = [];
  private readonly insertions = new Map<NamedUuid, number>();

  constructor(private readonly database: Database<T>) {}

  get isEmpty(): boolean {
    return this.operations.length === 0;
  }

  /** @returns what references to the new row are written with, also to ask the outcome for its UUID. */
  insert<N extends keyof T & string>(table: N, row: RowInput<T[N]>): NamedUuid {
    const name = new NamedUuid(`row${this.operations.length}`);
    this.insertions.set(name, this.operations.length);
    this.add({ op: 'insert', table, row: this.encodeRow(table, row), 'uuid-name': name.name });
    return name;
  }

  update<N extends keyof T & string>(table: N, where: Where<T[N]>, row: RowInput<T[N]>): OperationHandle {
    return this.add({
      op: 'update',
      table,
      where: this.encodeWhere(table, where),
      row: this.encodeRow(table, row),
    });
  }

  mutate<N extends keyof T & string>(
    table: N,
    where: Where<T[N]>,
    mutations: readonly Mutation<T[N]>[],
  ): OperationHandle {
    const encoded = mutations.map(([name, operator, value]) =>
      this.encodeMutation(table, name, operator, value),
    );
    return this.add({ op: 'mutate', table, where: this.encodeWhere(table, where), mutations: encoded });
  }

  delete<N extends keyof T & string>(table: N, where: Where<T[N]>): OperationHandle {
    return this.add({ op: 'delete', table, where: this.encodeWhere(table, where) });
  }

  select<N extends keyof T & string>(table: N, where: Where<T[N]>): Selection<T[N]> {
    const columns = ['_uuid', ...Object.keys(this.tableOf(table))];
    const { index } = this.add({ op: 'select', table, where: this.encodeWhere(table, where), columns });
    return { index, columns: this.tableOf(table) as T[N] };
  }

  /** The transaction fails with "timed out" unless, within the time, the rows found have (or have not) these values. */
  wait<N extends keyof T & string>(
    table: N,
    where: Where<T[N]>,
    until: '==' | '!=',
    rows: readonly RowInput<T[N]>[],
    timeoutMs: number,
  ): OperationHandle {
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const encoded = rows.map((row) => this.encodeRow(table, row));
    return this.add({
      op: 'wait',
      table,
      where: this.encodeWhere(table, where),
      until,
      columns,
      rows: encoded,
      timeout: timeoutMs,
    });
  }

  /** Goes to the server's log of the database, for people. */
  comment(text: string): OperationHandle {
    return this.add({ op: 'comment', comment: text });
  }

  /** The parameters of the `transact` request. */
  toJson(): Json[] {
    return [this.database.name, ...this.operations];
  }

  /** @throws OvsdbTransactionError when any operation or the commit failed. */
  readReply(reply: Json): TransactionOutcome {
    const results = reply as ({ [key: string]: Json } | null)[];
    const failed = results.findIndex((result) => typeof result?.error === 'string');
    if (failed >= 0) {
      const { error, details } = results[failed]!;
      const operation = this.operations[failed];
      throw new OvsdbTransactionError(
        error as string,
        typeof details === 'string' ? details : '',
        operation ? describe(operation) : null,
        operation ? failed : null,
      );
    }
    return new TransactionOutcome(results as { [key: string]: Json }[], this.insertions);
  }

  private add(operation: { [key: string]: Json }): OperationHandle {
    this.operations.push(operation);
    return { index: this.operations.length - 1 };
  }

  private tableOf(table: string): Table {
    return this.database.tables[table]!;
  }

  private columnOf(table: string, name: string): Column {
    const column = this.tableOf(table)[name];
    if (!column) throw new Error(`column "${name}" of table ${table} was not declared`);
    return column;
  }

  private encodeRow(table: string, row: RowInput): { [key: string]: Json } {
    const given = Object.entries(row).filter(([, value]) => value !== undefined);
    return Object.fromEntries(
      given.map(([name, value]) => [name, encodeColumn(this.columnOf(table, name), value)]),
    );
  }

  private encodeWhere(table: string, where: Where<Table>): Json[] {
    if (typeof where === 'string') return [['_uuid', '==', ['uuid', where]]];
    return where.map(([name, operator, value]) => [
      name,
      operator,
      encodeColumn(this.columnOf(table, name), value),
    ]);
  }

  private encodeMutation(table: string, name: string, operator: string, value: unknown): Json {
    const column = this.columnOf(table, name);
    if (operator === 'delete-keys') {
      return [name, 'delete', ['set', (value as unknown[]).map((key) => encodeAtom(column.key, key))]];
    }
    const isArithmetic = operator === '+=' || operator === '-=';
    return [name, operator, isArithmetic ? (value as number) : encodeColumn(column, value)];
  }
}

/** What a transaction that went through has done. */
export class TransactionOutcome {
  constructor(
    private readonly results: { [key: string]: Json }[],
    private readonly insertions: ReadonlyMap<NamedUuid, number>,
  ) {}

  uuidOf(inserted: NamedUuid): string {
    const result = this.results[this.insertions.get(inserted) ?? -1];
    return (result!.uuid as Json[])[1] as string;
  }

  /** Rows that an update, mutate or delete touched. */
  countOf(handle: OperationHandle): number {
    return (this.results[handle.index]?.count as number | undefined) ?? 0;
  }

  rowsOf<T extends Table>(selection: Selection<T>): Row<T>[] {
    const rows = this.results[selection.index]!.rows as { [key: string]: Json }[];
    return rows.map((row) => {
      const values = Object.entries(selection.columns).map(
        ([name, column]) => [name, decodeColumn(column, row[name]!)] as const,
      );
      return { ...Object.fromEntries(values), _uuid: (row._uuid as Json[])[1] } as unknown as Row<T>;
    });
  }
}

function describe(operation: { [key: string]: Json }): string {
  const { op, table, where, row } = operation as {
    op: string;
    table?: string;
    where?: Json;
    row?: { name?: Json };
  };
  if (table === undefined) return op;
  if (row?.name !== undefined) return `${op} ${table} ${JSON.stringify(row.name)}`;
  return where === undefined ? `${op} ${table}` : `${op} ${table} where ${JSON.stringify(where)}`;
}
