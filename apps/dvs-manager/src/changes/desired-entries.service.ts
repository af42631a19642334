import { EntityManager, IsolationLevel } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { HostEntity } from '../hosts/host.entity';
import { PortGroupEntity } from '../port-groups/port-group.entity';
import { PortEntity } from '../ports/port.entity';
import { MembershipEntity, SwitchEntity } from '../switches/switch.entity';
import { UplinkGroupEntity, type UplinkGroupRow } from '../uplink-groups/uplink-group.entity';
import {
  type HostParts,
  type KeyedEntry,
  hostEntry,
  portEntry,
  portGroupEntry,
  switchEntry,
} from './desired-entry';

/** Reads everything that is desired out of PostgreSQL, as the bus carries it. */
@Injectable()
export class DesiredEntries {
  constructor(private readonly em: EntityManager) {}

  /** All of it, of one moment, in no particular order; without `shared.meta`, which is the publisher's. */
  async loadAll(): Promise<KeyedEntry[]> {
    return this.em.fork().transactional(
      async (em) => {
        const switches = await em.findAll(SwitchEntity);
        const portGroups = await em.findAll(PortGroupEntity);
        const hosts = await em.findAll(HostEntity);
        const ports = await em.findAll(PortEntity);
        const parts = await loadHostParts(em, null);
        return [
          ...switches.map(switchEntry),
          ...portGroups.map(portGroupEntry),
          ...hosts.map((host) => hostEntry(host, parts(host.id))),
          ...ports.map(portEntry),
        ];
      },
      { isolationLevel: IsolationLevel.REPEATABLE_READ, readOnly: true },
    );
  }
}

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
