import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';

/** How much waits to be published, and for how long. */
@Injectable()
export class OutboxBacklog {
  constructor(private readonly em: EntityManager) {}

  /** `oldestSeconds` null: nothing waits. */
  async measure(): Promise<{ entries: number; oldestSeconds: number | null }> {
    const [row] = await this.em.fork().execute<{ entries: string; oldest_seconds: number | null }[]>(
      `select count(*) as entries,
         (select extract(epoch from clock_timestamp() - c.at)::float8 from changes c
          where c.revision = (select min(revision) from outbox)) as oldest_seconds
       from outbox`,
    );
    const oldest = row?.oldest_seconds ?? null;
    return {
      entries: Number(row?.entries ?? 0),
      oldestSeconds: oldest === null ? null : Math.max(0, oldest),
    };
  }
}
