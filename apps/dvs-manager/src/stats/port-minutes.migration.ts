import { Migration } from '@mikro-orm/migrations';
import { DELTA_COLUMNS } from './delta-columns';

/** What happened on each port in each minute. `seconds`: how much of the minute was observed; rates are sums over it. */
export class MigrationPortMinutes extends Migration {
  override up(): void {
    this.addSql(`
      create table port_minutes (
        port_id uuid not null,
        minute timestamptz not null,
        seconds real not null,
        ${DELTA_COLUMNS.map((name) => `${name} bigint`).join(',\n        ')},
        constraint port_minutes_pk primary key (port_id, minute))`);
    // rows come in the order of time: a small index, enough to find what is too old
    this.addSql(
      'create index port_minutes_minute on port_minutes using brin (minute) with (pages_per_range = 16)',
    );
  }
}
