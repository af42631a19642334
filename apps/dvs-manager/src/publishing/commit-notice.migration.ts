import { Migration } from '@mikro-orm/migrations';

/**
 * Every commit of changes wakes all managers, whoever made it and even if he died right after: the leader to publish, all to tell those who
 * listen to events. A NOTIFY takes effect with the commit, so who is woken sees the rows. It carries the last revision of the statement, so
 * that who knows it already stays asleep.
 */
export class MigrationCommitNotice extends Migration {
  override up(): void {
    this.addSql(`
      create function notify_commit() returns trigger language plpgsql as $$
      begin
        perform pg_notify('opendvs_commits', (select max(revision)::text from committed));
        return null;
      end $$`);
    this.addSql(`
      create trigger changes_notify after insert on changes referencing new table as committed
        for each statement execute function notify_commit()`);
  }
}
