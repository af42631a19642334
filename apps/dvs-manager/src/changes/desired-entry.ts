/** Rows of the database as the bus carries them: pure, one function an object kind, and a tombstone for each. */
import { type DesiredEntry, desiredKeys } from '@opendvs/contracts';
import type { HostRow } from '../hosts/host.entity';
import type { PortGroupRow } from '../port-groups/port-group.entity';
import type { PortRow } from '../ports/port.entity';
import type { SwitchRow } from '../switches/switch.entity';
import type { UplinkGroupRow } from '../uplink-groups/uplink-group.entity';

/** A value of the desired-state bucket and where it goes. */
export interface KeyedEntry {
  key: string;
  entry: DesiredEntry;
}

/** The parts of a host's record that are rows of their own. */
export interface HostParts {
  switchIds: readonly string[];
  uplinkGroups: readonly UplinkGroupRow[];
}

export function switchEntry(row: SwitchRow): KeyedEntry {
  const { id, revision, name, mode, mtuBytes } = row;
  return {
    key: desiredKeys.switch(id),
    entry: { kind: 'switch', revision, object: { id, revision, name, mode, mtuBytes } },
  };
}

export function portGroupEntry(row: PortGroupRow): KeyedEntry {
  const { id, revision, switchId, name, vlan, adminStatus, broadcastSuppression } = row;
  const object = { id, revision, switchId, name, vlan, adminStatus, broadcastSuppression };
  return { key: desiredKeys.portGroup(id), entry: { kind: 'port-group', revision, object } };
}

export function hostEntry(row: HostRow, parts: HostParts): KeyedEntry {
  const { id, revision, name, engine, vhostSocketDir } = row;
  const uplinks = new Map(parts.uplinkGroups.map((group) => [group.switchId, group]));
  const switches = [...parts.switchIds].sort().map((switchId) => {
    const group = uplinks.get(switchId);
    return { switchId, uplinkGroup: group ? uplinkGroupObject(group) : null };
  });
  const object = { id, revision, name, engine, vhostSocketDir, switches };
  return { key: desiredKeys.host(id), entry: { kind: 'host', revision, object } };
}

export function portEntry(row: PortRow): KeyedEntry {
  const { id, revision, hostId, switchId, portGroupId, name, number, macAddress, queues, ringSize } = row;
  const object = { id, revision, hostId, switchId, portGroupId, name, number, macAddress, queues, ringSize };
  return { key: desiredKeys.port(hostId, id), entry: { kind: 'port', revision, object } };
}

/** Says that the object was deleted at `revision`. */
export function tombstone(
  kind: Exclude<DesiredEntry['kind'], 'meta'>,
  key: string,
  revision: number,
): KeyedEntry {
  return { key, entry: { kind, revision, object: null } };
}

function uplinkGroupObject(row: UplinkGroupRow) {
  const { id, name, members, bondMode, primary, lacp } = row;
  return { id, name, members, bondMode, primary: primary ?? null, lacp: lacp ?? null };
}
