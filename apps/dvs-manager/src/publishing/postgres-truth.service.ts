import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { ChangeTransactions } from '../changes/change-transactions.service';
import { DesiredEntries, RECOVERY_ACTOR } from '../changes/desired-entries.service';
import { type KeyedEntry, tombstone } from '../changes/desired-entry';
import { Revisions } from '../changes/revisions.service';
import type { DesiredTruth, Recovery } from './bucket-guard';
import { parseDesiredKey } from './desired-key';
import { bury, republish } from './republishing';

/** Objects a transaction: other writers wait for it. */
const BATCH = 1000;

/** PostgreSQL, as the bucket's guard asks it. */
@Injectable()
export class PostgresTruth implements DesiredTruth {
  constructor(
    private readonly em: EntityManager,
    private readonly revisions: Revisions,
    private readonly entries: DesiredEntries,
    private readonly transactions: ChangeTransactions,
  ) {}

  revision(): Promise<number> {
    return this.revisions.current();
  }

  loadAll(): Promise<KeyedEntry[]> {
    return this.entries.loadAll();
  }

  async tombstonesOf(keys: readonly string[]): Promise<KeyedEntry[]> {
    const objects = keys.map((key) => ({ key, object: parseDesiredKey(key) }));
    const ids = objects.flatMap(({ object }) => object?.id ?? []);
    if (ids.length === 0) return [];
    const rows = await this.em.fork().execute<{ object_id: string; revision: string; action: string }[]>(
      `select distinct on (object_id) object_id, revision, action from changes
       where object_id in (?) and kind in ('switch', 'port-group', 'host', 'port')
       order by object_id, revision desc`,
      [ids],
    );
    const deletedAt = new Map(
      rows.filter(({ action }) => action === 'delete').map((row) => [row.object_id, Number(row.revision)]),
    );
    return objects.flatMap(({ key, object }) => {
      const revision = object && deletedAt.get(object.id);
      return object && revision ? tombstone(object.kind, key, revision) : [];
    });
  }

  async recover({ above, republish: again, bury: buried, adopt }: Recovery): Promise<void> {
    await this.revisions.raiseTo(above);
    await this.entries.adopt(adopt); // first, so that a host is published again with what it got back
    await this.inBatches(again, (part) =>
      this.transactions.run(RECOVERY_ACTOR, async (tx) => {
        await republish(tx, part);
        return () => undefined;
      }),
    );
    await this.inBatches(buried, (part) =>
      this.transactions.run(RECOVERY_ACTOR, async (tx) => {
        bury(tx, part);
        return () => undefined;
      }),
    );
  }

  async forgetOutboxUpTo(revision: number): Promise<void> {
    await this.em.fork().execute('delete from outbox where revision <= ?', [revision]);
  }

  private async inBatches(entries: KeyedEntry[], work: (part: KeyedEntry[]) => Promise<void>): Promise<void> {
    for (let i = 0; i < entries.length; i += BATCH) await work(entries.slice(i, i + BATCH));
  }
}
