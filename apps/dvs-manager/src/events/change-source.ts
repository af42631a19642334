import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { ChangeEntity } from '../changes/change.entity';
import { Revisions } from '../changes/revisions.service';
import type { ChangeSource, CommittedChange } from './change-feed';

/** The table `changes`, for the feed and for replays. */
@Injectable()
export class PostgresChangeSource implements ChangeSource {
  constructor(
    private readonly em: EntityManager,
    private readonly revisions: Revisions,
  ) {}

  currentRevision(): Promise<number> {
    return this.revisions.current();
  }

  async after(revision: number, limit: number): Promise<CommittedChange[]> {
    const rows = await this.em
      .fork()
      .find(ChangeEntity, { revision: { $gt: revision } }, { orderBy: { revision: 'asc' }, limit });
    return rows.map((row) => ({ ...row, before: row.before ?? null, after: row.after ?? null }));
  }
}
