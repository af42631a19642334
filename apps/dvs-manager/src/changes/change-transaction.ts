/**
 * One transaction of changes. A service alters rows through `em` and says with `record` what each change means: for history, for
 * the bus, and for who waits. Once all rows are flushed the changes take their revisions, and history and outbox are written.
 */
import type { EntityManager } from '@mikro-orm/postgresql';
import type { KeyedEntry } from './desired-entry';
import type { ChangeAction, ChangeKind } from './change.entity';
import { takeRevisions } from './revisions.service';

/** Tables whose rows carry the revision of their last change. */
export type RevisionedTable =
  'switches' | 'hosts' | 'memberships' | 'uplink_groups' | 'port_groups' | 'ports';

export interface RevisionedRow {
  table: RevisionedTable;
  /** Gets the revision in memory; its row is found by `id`, a membership's by switchId and hostId. */
  row: { revision: number } & ({ id: string } | { switchId: string; hostId: string });
}

/** Whose acknowledgement means "applied". `portIds`: ports whose own error is worth telling the waiter. */
export interface Concern {
  scope: 'host' | 'shared';
  hostIds: string[];
  portIds: string[];
}

/** What {@link Concern}s become when the revisions are known. */
export interface AwaitedEffect extends Concern {
  revision: number;
}

/** An object as history keeps it: plain JSON. */
export type Snapshot = object;

export interface PendingChange {
  action: ChangeAction;
  kind: ChangeKind;
  objectId: string;
  objectName: string;
  before: Snapshot | null;
  /** Called when the revision is known and `rows` carry it. */
  after: (() => Snapshot) | null;
  rows: RevisionedRow[];
  /** What the bus is told; called with the revision of the change. null: nothing. */
  publish: ((revision: number) => KeyedEntry) | null;
  concern: Concern | null;
}

export class ChangeTransaction {
  private readonly changes: PendingChange[] = [];
  private readonly unchanged: AwaitedEffect[] = [];

  constructor(
    /** In a transaction already. */
    readonly em: EntityManager,
    readonly actor: string,
  ) {}

  /** Changes take their revisions in the order of recording. */
  record(change: PendingChange): void {
    this.changes.push(change);
  }

  /** A write that changes nothing: a waiter then waits for the change that made it so. */
  recordUnchanged({ rows, concern }: Pick<PendingChange, 'rows' | 'concern'>): void {
    const revision = Math.max(...rows.map(({ row }) => row.revision));
    if (concern) this.unchanged.push({ ...concern, revision });
  }

  /** Flushes, takes the revisions, writes history and outbox. @returns the last revision taken, null when nothing changed */
  async conclude(): Promise<{ lastRevision: number | null; awaits: AwaitedEffect[] }> {
    await this.em.flush();
    if (this.changes.length === 0) return { lastRevision: null, awaits: this.unchanged };
    const first = await takeRevisions(this.em, this.changes.length);
    this.changes.forEach((change, index) => {
      for (const { row } of change.rows) row.revision = first + index;
    });
    await this.em.execute(recordSql(this.changes), [
      JSON.stringify(this.changes.map((change, index) => toRecord(change, first + index))),
      this.actor,
    ]);
    return {
      lastRevision: first + this.changes.length - 1,
      awaits: [...this.unchanged, ...awaitedEffects(this.changes, first)],
    };
  }
}

function toRecord(change: PendingChange, revision: number): Record<string, unknown> {
  const published = change.publish?.(revision) ?? null;
  return {
    revision,
    action: change.action,
    kind: change.kind,
    object_id: change.objectId,
    object_name: change.objectName,
    before: change.before,
    after: change.after?.() ?? null,
    key: published?.key ?? null,
    entry: published?.entry ?? null,
    rows: change.rows.map(({ table, row }) => ({
      table,
      id: 'id' in row ? row.id : row.hostId,
      switch_id: 'id' in row ? null : row.switchId,
    })),
  };
}

/** One statement for any number of changes: while it runs, every other writer waits for the counter. */
function recordSql(changes: PendingChange[]): string {
  const tables = new Set(changes.flatMap((change) => change.rows.map(({ table }) => table)));
  const stamps = [...tables].map(
    (table) => `, stamp_${table} as (
      update ${table} t set revision = s.revision from stamps s
      where s."table" = '${table}' and ${table === 'memberships' ? 't.host_id = s.id and t.switch_id = s.switch_id' : 't.id = s.id'})`,
  );
  return `
    with given as (
      select * from jsonb_to_recordset(?::jsonb) as g(revision bigint, action text, kind text, object_id uuid, object_name text,
        before jsonb, after jsonb, key text, entry jsonb, rows jsonb)
    ), stamps as (
      select s."table", s.id, s.switch_id, max(given.revision) as revision
      from given, jsonb_to_recordset(given.rows) as s("table" text, id uuid, switch_id uuid)
      group by s."table", s.id, s.switch_id
    ), history as (
      insert into changes (revision, at, actor, action, kind, object_id, object_name, before, after)
      select revision, clock_timestamp(), ?, action, kind, object_id, object_name, before, after from given
    )${stamps.join('')}
    insert into outbox (revision, key, entry) select revision, key, entry from given where key is not null`;
}

/** Changes that concern the same hosts in the same stream are waited for together, up to the last of them. */
function awaitedEffects(changes: PendingChange[], first: number): AwaitedEffect[] {
  const effects = new Map<string, AwaitedEffect>();
  changes.forEach(({ concern }, index) => {
    if (!concern || concern.hostIds.length === 0) return;
    const key = `${concern.scope} ${concern.hostIds.join(' ')}`;
    const effect = effects.get(key) ?? { ...concern, portIds: [], revision: 0 };
    effect.revision = first + index;
    effect.portIds = effect.portIds.concat(concern.portIds);
    effects.set(key, effect);
  });
  return [...effects.values()];
}
