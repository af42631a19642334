import { type InferEntity, defineEntity, p } from '@mikro-orm/core';
import type { BondMode, Nic, UplinkGroup } from '@opendvs/model';

export const UplinkGroupEntity = defineEntity({
  name: 'UplinkGroup',
  tableName: 'uplink_groups',
  properties: {
    id: p.uuid().primary(),
    version: p.integer().version(),
    revision: p.bigint('number').default(0),
    name: p.text(),
    hostId: p.uuid(),
    switchId: p.uuid(),
    members: p.json<Nic[]>(),
    bondMode: p.text().$type<BondMode>(),
    primary: p.text().name('primary_member').nullable(),
    lacp: p.json<UplinkGroup['lacp']>().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
});
export type UplinkGroupRow = InferEntity<typeof UplinkGroupEntity>;
