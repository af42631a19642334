import { type InferEntity, defineEntity, p } from '@mikro-orm/core';
import type { Engine } from '@opendvs/model';

export const HostEntity = defineEntity({
  name: 'Host',
  tableName: 'hosts',
  properties: {
    id: p.uuid().primary(),
    version: p.integer().version(),
    /** Of the last change of the host's record on the bus, which its memberships and uplink groups are part of. */
    revision: p.bigint('number').default(0),
    name: p.text(),
    engine: p.text().$type<Engine>(),
    vhostSocketDir: p.text(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
});
export type HostRow = InferEntity<typeof HostEntity>;
