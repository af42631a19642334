import { Migration } from '@mikro-orm/migrations';

/** What hosts reported last, so that a manager that has just started doesn't know nothing. */
export class MigrationLastKnown extends Migration {
  override up(): void {
    this.addSql(`
      create table host_last_known (
        host_id uuid not null constraint host_last_known_pk primary key
          constraint host_last_known_host_fk references hosts (id) on delete cascade,
        status jsonb not null)`);
    this.addSql(`
      create table port_last_known (
        port_id uuid not null constraint port_last_known_pk primary key
          constraint port_last_known_port_fk references ports (id) on delete cascade,
        status jsonb not null)`);
  }
}
