/**
 * Publishes objects of PostgreSQL again, each with a new revision and a history entry, as they are now. For a database that was restored
 * from an older dump: hosts have seen these objects with revisions that it doesn't know.
 */
import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { ChangeTransaction, RevisionedTable } from '../changes/change-transaction';
import { loadHostParts } from '../changes/host-parts';
import {
  hostEntry,
  type KeyedEntry,
  portEntry,
  portGroupEntry,
  switchEntry,
  tombstone,
} from '../changes/desired-entry';
import { HostEntity } from '../hosts/host.entity';
import { PortGroupEntity } from '../port-groups/port-group.entity';
import { PortEntity } from '../ports/port.entity';
import { SwitchEntity } from '../switches/switch.entity';
import { type ObjectKind, parseDesiredKey } from './desired-key';

interface Renderable {
  table: RevisionedTable;
  row: { id: string; name: string; revision: number };
  render: () => KeyedEntry;
}

/** Those that were deleted meanwhile are left out: the outbox has their tombstones. */
export async function republish(tx: ChangeTransaction, entries: readonly KeyedEntry[]): Promise<void> {
  const ids: Record<ObjectKind, string[]> = { switch: [], 'port-group': [], host: [], port: [] };
  for (const { key } of entries) {
    const object = parseDesiredKey(key);
    if (object) ids[object.kind].push(object.id);
  }
  for (const kind of ['switch', 'host', 'port-group', 'port'] as const) {
    if (ids[kind].length === 0) continue;
    for (const object of await lockAll(tx.em, kind, ids[kind])) recordAgain(tx, kind, object);
  }
}

/** Publishes tombstones again. */
export function bury(tx: ChangeTransaction, tombstones: readonly KeyedEntry[]): void {
  for (const { key } of tombstones) {
    const object = parseDesiredKey(key);
    if (!object) continue;
    tx.record({
      action: 'delete',
      kind: object.kind,
      objectId: object.id,
      objectName: object.id,
      before: null,
      after: null,
      rows: [],
      publish: (revision) => tombstone(object.kind, key, revision),
      concern: null,
    });
  }
}

function recordAgain(tx: ChangeTransaction, kind: ObjectKind, { table, row, render }: Renderable): void {
  tx.record({
    action: 'update',
    kind,
    objectId: row.id,
    objectName: row.name,
    before: render().entry.object,
    after: () => render().entry.object!,
    rows: [{ table, row }],
    publish: render,
    concern: null,
  });
}

/** Locked, so that what is published is what stands when this commits. */
async function lockAll(em: EntityManager, kind: ObjectKind, ids: string[]): Promise<Renderable[]> {
  const where = { id: { $in: ids } };
  const options = { lockMode: LockMode.PESSIMISTIC_WRITE, orderBy: { id: 'asc' } } as const;
  switch (kind) {
    case 'switch':
      return (await em.find(SwitchEntity, where, options)).map((row) => ({
        table: 'switches',
        row,
        render: () => switchEntry(row),
      }));
    case 'port-group':
      return (await em.find(PortGroupEntity, where, options)).map((row) => ({
        table: 'port_groups',
        row,
        render: () => portGroupEntry(row),
      }));
    case 'port':
      return (await em.find(PortEntity, where, options)).map((row) => ({
        table: 'ports',
        row,
        render: () => portEntry(row),
      }));
    case 'host': {
      const hosts = await em.find(HostEntity, where, options);
      const parts = await loadHostParts(em, ids);
      return hosts.map((row) => ({ table: 'hosts', row, render: () => hostEntry(row, parts(row.id)) }));
    }
  }
}
