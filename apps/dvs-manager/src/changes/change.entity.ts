import { type InferEntity, defineEntity, p } from '@mikro-orm/core';
import type { DesiredEntry } from '@opendvs/contracts';

export const CHANGE_ACTIONS = ['create', 'update', 'delete', 'adopt'] as const;
/** adopt: taken back into PostgreSQL from the bus, after a restore of an older dump. */
export type ChangeAction = (typeof CHANGE_ACTIONS)[number];

export const CHANGE_KINDS = [
  'switch',
  'host',
  'membership',
  'uplink-group',
  'port-group',
  'port',
  'token',
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** History: who changed what, when, from what to what. Written in the transaction of the change, never altered. */
export const ChangeEntity = defineEntity({
  name: 'Change',
  tableName: 'changes',
  properties: {
    revision: p.bigint('number').primary(),
    at: p.datetime(),
    actor: p.text(),
    action: p.text().$type<ChangeAction>(),
    kind: p.text().$type<ChangeKind>(),
    /** A membership has no id of its own: its host's. */
    objectId: p.uuid(),
    objectName: p.text(),
    before: p.json<Record<string, unknown> | null>().nullable(),
    after: p.json<Record<string, unknown> | null>().nullable(),
  },
});
export type ChangeRow = InferEntity<typeof ChangeEntity>;

/** What is still to be told on the bus, in the order of revisions. The publisher deletes what it has told. */
export const OutboxEntity = defineEntity({
  name: 'OutboxMessage',
  tableName: 'outbox',
  properties: {
    revision: p.bigint('number').primary(),
    key: p.text(),
    entry: p.json<DesiredEntry>(),
  },
});
export type OutboxRow = InferEntity<typeof OutboxEntity>;
