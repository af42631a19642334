/**
 * Revisions number the changes of an installation. They come from one counter row that a transaction locks as late as it can and
 * holds until it commits, so the order of commits is the order of revisions (docs/decisions/0005).
 */
import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';

@Injectable()
export class Revisions {
  constructor(private readonly em: EntityManager) {}

  /** The last revision that was committed; 0 before the first. */
  async current(): Promise<number> {
    const rows = await this.em.fork().execute<{ revision: string }[]>('select revision from store');
    return Number(rows[0]?.revision ?? 0);
  }

  /** Lets the next revision be greater than `revision`; never lowers the counter. For a database older than the bus. */
  async raiseTo(revision: number): Promise<void> {
    await this.em.fork().execute('update store set revision = greatest(revision, ?)', [revision]);
  }
}

/**
 * Takes the next `count` revisions and returns the first. Locks the counter until the transaction of `em` ends: everything
 * that may wait for another lock must have happened before.
 */
export async function takeRevisions(em: EntityManager, count: number): Promise<number> {
  const rows = await em.execute<{ revision: string }[]>(
    'update store set revision = revision + ? returning revision',
    [count],
  );
  return Number(rows[0]?.revision) - count + 1;
}
