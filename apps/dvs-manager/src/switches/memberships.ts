import type { EntityManager } from '@mikro-orm/postgresql';
import { MembershipEntity } from './switch.entity';

/** Ids of the hosts in a switch, in a fixed order. */
export async function hostsOfSwitch(em: EntityManager, switchId: string): Promise<string[]> {
  const rows = await em.find(MembershipEntity, { switchId }, { orderBy: { hostId: 'asc' } });
  return rows.map(({ hostId }) => hostId);
}

/** Ids of the switches that a host is in, in a fixed order. */
export async function switchesOfHost(em: EntityManager, hostId: string): Promise<string[]> {
  const rows = await em.find(MembershipEntity, { hostId }, { orderBy: { switchId: 'asc' } });
  return rows.map(({ switchId }) => switchId);
}
