import { type InferEntity, defineEntity, p } from '@mikro-orm/core';
import type { SwitchMode, VlanRange } from '@opendvs/model';

export const SwitchEntity = defineEntity({
  name: 'Switch',
  tableName: 'switches',
  properties: {
    id: p.uuid().primary(),
    version: p.integer().version(),
    revision: p.bigint('number').default(0),
    name: p.text(),
    description: p.text(),
    mode: p.text().$type<SwitchMode>(),
    mtuBytes: p.integer(),
    /** null: any VLAN may be used. */
    vlanPools: p.json<VlanRange[] | null>().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
});
export type SwitchRow = InferEntity<typeof SwitchEntity>;

/** A host's part in a switch. Published in the host's record. */
export const MembershipEntity = defineEntity({
  name: 'Membership',
  tableName: 'memberships',
  primaryKeys: ['switchId', 'hostId'],
  properties: {
    switchId: p.uuid().primary(),
    hostId: p.uuid().primary(),
    revision: p.bigint('number').default(0),
    createdAt: p.datetime(),
  },
});
export type MembershipRow = InferEntity<typeof MembershipEntity>;
