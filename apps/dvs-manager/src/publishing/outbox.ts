/** The outbox table as the publisher reads it. Rows come in the order of commits, as revisions do (docs/decisions/0005). */
import type { DesiredEntry } from '@opendvs/contracts';
import type { KeyedEntry } from '../changes/desired-entry';
import type { DatabaseSession } from './database-session';

export class Outbox {
  constructor(private readonly session: DatabaseSession) {}

  /** The oldest rows, in order. */
  async next(limit: number): Promise<KeyedEntry[]> {
    return this.session.query<{ key: string; entry: DesiredEntry } & Record<string, unknown>>(
      'select key, entry from outbox order by revision limit $1',
      [limit],
    );
  }

  /** Forgets these entries: they are on the bus. */
  async remove(entries: readonly KeyedEntry[]): Promise<void> {
    await this.session.query('delete from outbox where revision = any($1::bigint[])', [
      entries.map(({ entry }) => entry.revision),
    ]);
  }

  /** Forgets everything up to a revision: a snapshot taken at it is on the bus. */
  async removeUpTo(revision: number): Promise<void> {
    await this.session.query('delete from outbox where revision <= $1', [revision]);
  }
}
