import type { EntityManager } from '@mikro-orm/postgresql';
import { MembershipEntity } from '../switches/switch.entity';
import { UplinkGroupEntity, type UplinkGroupRow } from '../uplink-groups/uplink-group.entity';
import type { HostParts } from './desired-entry';

/** Memberships and uplink groups of these hosts (null: of all), as a look-up by host. */
export async function loadHostParts(
  em: EntityManager,
  hostIds: string[] | null,
): Promise<(hostId: string) => HostParts> {
  const ofHosts = hostIds ? { hostId: { $in: hostIds } } : {};
  const parts = new Map<string, { switchIds: string[]; uplinkGroups: UplinkGroupRow[] }>();
  const partsOf = (hostId: string) => {
    const known = parts.get(hostId) ?? { switchIds: [], uplinkGroups: [] };
    parts.set(hostId, known);
    return known;
  };
  for (const { hostId, switchId } of await em.find(MembershipEntity, ofHosts))
    partsOf(hostId).switchIds.push(switchId);
  for (const group of await em.find(UplinkGroupEntity, ofHosts))
    partsOf(group.hostId).uplinkGroups.push(group);
  return partsOf;
}
