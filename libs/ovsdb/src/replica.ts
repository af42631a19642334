/**
 * A local copy of the declared tables, fed by a monitor. Rows are immutable: a change puts a new one in place, so whoever holds
 * a row keeps what it was. The server sends whole transactions, and a replica shows them whole.
 */
import { applyDifference, decodeColumn, defaultOf, type Value } from './column-codec';
import type { Database, Row, Table, Tables } from './column-types';
import type { Json } from './json-rpc-connection';
import type { ColumnLimits } from './schema-check';

/** One row of one transaction. `before` null: inserted; `after` null: deleted. */
export type RowChange<T extends Tables> = {
  [N in keyof T & string]: {
    table: N;
    uuid: string;
    before: Row<T[N]> | null;
    after: Row<T[N]> | null;
    columns: readonly string[];
  };
}[keyof T & string];

type AnyRow = Record<string, Value> & { _uuid: string };
interface RowUpdate {
  /** monitor_cond: exactly one of these */
  initial?: JsonRow;
  insert?: JsonRow;
  modify?: JsonRow;
  delete?: null;
  /** monitor (RFC 7047, 4.1.6): whole new row; without it, deleted */
  new?: JsonRow;
  old?: JsonRow;
}
type JsonRow = { [column: string]: Json };

export class Replica<T extends Tables> {
  private readonly tables: ReadonlyMap<string, Map<string, AnyRow>>;
  private readonly listeners = new Set<(changes: readonly RowChange<T>[]) => void>();
  /** Updates that came in with, but after, the answer to the monitor request; `null` once that is applied. */
  private early: Json[] | null = [];

  constructor(
    private readonly database: Database<T>,
    private readonly limits: ColumnLimits,
  ) {
    this.tables = new Map(Object.keys(database.tables).map((name) => [name, new Map<string, AnyRow>()]));
  }

  /** All rows of a table by UUID: a live view, to be read and not kept across an `await`. */
  rows<N extends keyof T & string>(table: N): ReadonlyMap<string, Row<T[N]>> {
    return this.tables.get(table) as unknown as ReadonlyMap<string, Row<T[N]>>;
  }

  /** `listener` is called after each transaction that changed a declared column. Returns what ends it. */
  onChange(listener: (changes: readonly RowChange<T>[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Waits until `condition` holds of this replica; it is tried now and after each change.
   * @throws the signal's reason when that comes first. When the connection is lost no change comes any more: the owner of the
   * client aborts the signal then.
   */
  until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (condition()) return resolve();
      if (signal.aborted) return reject(signal.reason as Error);
      const end = () => {
        stop();
        signal.removeEventListener('abort', abort);
      };
      const abort = () => {
        end();
        reject(signal.reason as Error);
      };
      const stop = this.onChange(() => {
        if (!condition()) return;
        end();
        resolve();
      });
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** The answer to the monitor request. */
  applyInitial(updates: Json): void {
    this.apply(updates);
    for (const update of this.early ?? []) this.apply(update);
    this.early = null;
  }

  /** An update notification: one transaction. */
  applyUpdate(updates: Json): void {
    if (this.early) {
      this.early.push(updates);
      return;
    }
    const changes = this.apply(updates);
    if (changes.length === 0) return;
    for (const listener of [...this.listeners]) listener(changes);
  }

  private apply(updates: Json): RowChange<T>[] {
    const changes: RowChange<T>[] = [];
    for (const [table, rows] of Object.entries(
      updates as unknown as Record<string, Record<string, RowUpdate>>,
    )) {
      const columns = this.database.tables[table];
      if (!columns) continue;
      for (const [uuid, update] of Object.entries(rows)) {
        const change = this.applyRow(table, columns, uuid, update);
        if (change) changes.push(change);
      }
    }
    return changes;
  }

  private applyRow(table: string, columns: Table, uuid: string, update: RowUpdate): RowChange<T> | null {
    const rows = this.tables.get(table)!;
    const before = rows.get(uuid) ?? null;
    const after = this.rowAfter(table, columns, uuid, before, update);
    if (after) rows.set(uuid, after);
    else rows.delete(uuid);
    const names = Object.keys(update.modify ?? update.old ?? columns);
    return { table, uuid, before, after, columns: names } as unknown as RowChange<T>;
  }

  private rowAfter(
    table: string,
    columns: Table,
    uuid: string,
    before: AnyRow | null,
    update: RowUpdate,
  ): AnyRow | null {
    const whole = update.initial ?? update.insert ?? update.new;
    if (whole) return decodeRow(columns, uuid, whole);
    if (!update.modify) return null;
    if (!before) throw new Error(`the server modified row ${uuid} of ${table}, which it never sent`);
    const after: AnyRow = { ...before };
    for (const [name, difference] of Object.entries(update.modify)) {
      const column = columns[name];
      if (!column) continue;
      after[name] = applyDifference(column, this.limits.get(table)!.get(name)!, before[name]!, difference);
    }
    return after;
  }
}

function decodeRow(columns: Table, uuid: string, json: JsonRow): AnyRow {
  const row: AnyRow = { _uuid: uuid };
  for (const [name, column] of Object.entries(columns)) {
    const value = json[name];
    row[name] = value === undefined ? defaultOf(column) : decodeColumn(column, value);
  }
  return row;
}
