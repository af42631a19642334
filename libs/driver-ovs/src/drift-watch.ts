/**
 * Tells somebody else's changes of our rows from our own: the driver says what it expects of the database after an observation or its own
 * work, and every change is held against that.
 */
import { isDeepStrictEqual } from 'node:util';
import type { RowChange } from '@opendvs/ovsdb';
import type { ObservedDatabase } from './observe-database';
import type { OvsTables } from './ovs-database';
import type { OvsSpec } from './ovs-objects';

export class DriftWatch {
  private expected = new Map<string, OvsSpec>();

  /** This is how the database should be. */
  expect(database: ObservedDatabase): void {
    this.expected = specsOf(database);
  }

  /**
   * What differs from what was expected, by key; from now on the database is expected as it is.
   * @param excused keys of objects that have just been worked on
   */
  drifted(database: ObservedDatabase, excused: ReadonlySet<string> = new Set()): string[] {
    const before = this.expected;
    this.expected = specsOf(database);
    const keys = new Set([...before.keys(), ...this.expected.keys()]);
    return [...keys].filter((key) => !excused.has(key) && !isSame(before.get(key), this.expected.get(key)));
  }
}

/** Columns that vswitchd writes, and which are no part of any spec. */
const STATE_COLUMNS = new Set(['status']);

/** May the change make a difference to a spec? */
export function concernsSpecs({ table, columns }: RowChange<OvsTables>): boolean {
  return table !== 'Open_vSwitch' && columns.some((name) => !STATE_COLUMNS.has(name));
}

function specsOf({ bridges, ports }: ObservedDatabase): Map<string, OvsSpec> {
  return new Map([...bridges, ...ports].map(([key, { object }]) => [key, object.spec]));
}

/** Specs of rows that haven't changed are the same object. */
function isSame(a: OvsSpec | undefined, b: OvsSpec | undefined): boolean {
  return a === b || isDeepStrictEqual(a, b);
}
