import { type InferEntity, defineEntity, p } from '@mikro-orm/core';

export const PortEntity = defineEntity({
  name: 'Port',
  tableName: 'ports',
  properties: {
    id: p.uuid().primary(),
    version: p.integer().version(),
    revision: p.bigint('number').default(0),
    name: p.text(),
    switchId: p.uuid(),
    portGroupId: p.uuid(),
    hostId: p.uuid(),
    number: p.integer(),
    macAddress: p.text(),
    queues: p.integer(),
    ringSize: p.integer(),
    vmId: p.text().nullable(),
    vmName: p.text().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
});
export type PortRow = InferEntity<typeof PortEntity>;
