import { type InferEntity, defineEntity, p } from '@mikro-orm/core';
import type { AdminStatus, BroadcastSuppression, VlanConfig } from '@opendvs/model';

export const PortGroupEntity = defineEntity({
  name: 'PortGroup',
  tableName: 'port_groups',
  properties: {
    id: p.uuid().primary(),
    version: p.integer().version(),
    revision: p.bigint('number').default(0),
    name: p.text(),
    switchId: p.uuid(),
    description: p.text(),
    vlan: p.json<VlanConfig>(),
    adminStatus: p.text().$type<AdminStatus>(),
    broadcastSuppression: p.json<BroadcastSuppression>(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
});
export type PortGroupRow = InferEntity<typeof PortGroupEntity>;
