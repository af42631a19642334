import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { CounterDeltas } from './counter-deltas';
import { DELTA_COLUMNS, fromColumns, toColumns } from './delta-columns';
import type { PortMinute } from './minute-sums';

export interface HistoryPoint {
  /** Beginning of the step. */
  at: Date;
  deltas: CounterDeltas;
}

const INSERT_BATCH = 2000;
const PRUNE_BATCH = 10_000;

const COLUMNS = ['seconds', ...DELTA_COLUMNS];
const INSERT = `
  insert into port_minutes (port_id, minute, ${COLUMNS.join(', ')})
  select (row ->> 0)::uuid, (row ->> 1)::timestamptz, (row ->> 2)::real,
    ${DELTA_COLUMNS.map((_, i) => `(row ->> ${i + 3})::numeric::bigint`).join(', ')}
  from jsonb_array_elements(?::jsonb) as row
  on conflict (port_id, minute) do update set ${COLUMNS.map((name) => `${name} = excluded.${name}`).join(', ')}
  where excluded.seconds > port_minutes.seconds`;
const READ = `
  select to_timestamp(floor(extract(epoch from minute) / ?) * ?) as at,
    ${COLUMNS.map((name) => `sum(${name})::float8 as ${name}`).join(', ')}
  from port_minutes where port_id = ? and minute >= ? and minute < ?
  group by 1 order by 1`;

/** The table of minutes. */
@Injectable()
export class PortMinutesStore {
  constructor(private readonly em: EntityManager) {}

  /** A minute that is there already (of an earlier leader) is replaced if this one saw more of it. */
  async save(minutes: readonly PortMinute[]): Promise<void> {
    for (let i = 0; i < minutes.length; i += INSERT_BATCH) {
      const rows = minutes
        .slice(i, i + INSERT_BATCH)
        .map(({ portId, minute, deltas }) => [portId, minute, deltas.seconds, ...toColumns(deltas)]);
      await this.em.fork().execute(INSERT, [JSON.stringify(rows)]);
    }
  }

  /** From `from` (inclusive) to `to` (exclusive) in steps of so many seconds, a multiple of 60; steps without data are left out. */
  async read(portId: string, from: Date, to: Date, stepSeconds: number): Promise<HistoryPoint[]> {
    const rows = await this.em
      .fork()
      .execute<Record<string, unknown>[]>(READ, [stepSeconds, stepSeconds, portId, from, to]);
    return rows.map((row) => ({
      at: new Date(row.at as string),
      deltas: fromColumns(
        row.seconds as number,
        DELTA_COLUMNS.map((name) => row[name] as number | null),
      ),
    }));
  }

  /** Deletes a batch of what is older. @returns whether there may be more */
  async prune(before: Date): Promise<boolean> {
    const rows = await this.em.fork().execute<{ count: string }[]>(
      `with old as (
           delete from port_minutes where ctid = any(array(select ctid from port_minutes where minute < ? limit ?)) returning 1)
         select count(*) from old`,
      [before, PRUNE_BATCH],
    );
    return Number(rows[0]?.count ?? 0) === PRUNE_BATCH;
  }
}
