/**
 * From entries of the bus to all that one host must realise, or the reason why there isn't such a state (yet). Pure: the
 * same entries give the same result, in whatever order they came.
 */
import { desiredKeys, type DesiredEntry } from '@opendvs/contracts';
import type { HostDesired } from '@opendvs/dataplane';
import type { Port, PortGroup, Switch } from '@opendvs/model';

/** Entries by key; tombstones may be among them. */
export interface DesiredEntries {
  shared: ReadonlyMap<string, DesiredEntry>;
  host: ReadonlyMap<string, DesiredEntry>;
}

/** A complete state of one host: every reference in it resolves. */
export interface CompleteState {
  /** Which manager's database it comes from. */
  storeId: string;
  /** Everything up to this revision was in the bucket when its own record was written. */
  metaRevision: number;
  desired: HostDesired;
  /** The live entries that it was made of, by key: those of `desired`, and the bucket's own record. */
  entries: ReadonlyMap<string, DesiredEntry>;
}

export type Assembly =
  | { complete: true; state: CompleteState }
  /** `unresolved`: all parts are there, but one refers to another that isn't: usually the rest is on its way. */
  | { complete: false; kind: 'absent' | 'unresolved'; reason: string };

/** Only the switches that the host takes part in, and the port groups that its ports use, are in the result. */
export function assembleDesired(hostId: string, entries: DesiredEntries): Assembly {
  const meta = liveEntry(entries.shared, desiredKeys.meta, 'meta');
  if (!meta) return { complete: false, kind: 'absent', reason: noMeta() };
  const host = liveEntry(entries.host, desiredKeys.host(hostId), 'host');
  if (!host) return { complete: false, kind: 'absent', reason: noHostConfig(hostId) };
  const used = new Map<string, DesiredEntry>([
    [desiredKeys.meta, meta.entry],
    [desiredKeys.host(hostId), host.entry],
  ]);
  const resolution = new Resolution(entries.shared, used);
  const switches = host.object.switches.map(({ switchId }) => resolution.switch(switchId, `host ${hostId}`));
  const ports = livePorts(entries.host, used);
  const portGroups = ports.map((port) => resolution.portGroupOf(port));
  const flaw = resolution.flaw ?? sameNumber(ports);
  if (flaw) return { complete: false, kind: 'unresolved', reason: flaw };
  return {
    complete: true,
    state: {
      storeId: meta.object.storeId,
      metaRevision: meta.object.revision,
      desired: {
        host: host.object,
        switches: unique(switches),
        portGroups: unique(portGroups),
        ports,
      },
      entries: used,
    },
  };
}

/** Follows references among shared entries; keeps what was used and the first flaw found. */
class Resolution {
  flaw: string | null = null;
  private readonly switchIds = new Set<string>();

  constructor(
    private readonly shared: ReadonlyMap<string, DesiredEntry>,
    private readonly used: Map<string, DesiredEntry>,
  ) {}

  switch(switchId: string, referrer: string): Switch | null {
    const key = desiredKeys.switch(switchId);
    const found = liveEntry(this.shared, key, 'switch');
    if (!found) return this.missing(`${referrer} refers to switch ${switchId}, which is not on the bus`);
    this.used.set(key, found.entry);
    this.switchIds.add(switchId);
    return found.object;
  }

  portGroupOf(port: Port): PortGroup | null {
    const key = desiredKeys.portGroup(port.portGroupId);
    const found = liveEntry(this.shared, key, 'port-group');
    if (!found)
      return this.missing(
        `port ${port.id} refers to port group ${port.portGroupId}, which is not on the bus`,
      );
    if (found.object.switchId !== port.switchId) {
      return this.missing(
        `port ${port.id} is on switch ${port.switchId}, but its port group ${port.portGroupId} on ${found.object.switchId}`,
      );
    }
    if (!this.switchIds.has(port.switchId)) {
      return this.missing(
        `port ${port.id} is on switch ${port.switchId}, which the host doesn't take part in`,
      );
    }
    this.used.set(key, found.entry);
    return found.object;
  }

  private missing(flaw: string): null {
    this.flaw ??= flaw;
    return null;
  }
}

type Kind = DesiredEntry['kind'];
type EntryOf<K extends Kind> = Extract<DesiredEntry, { kind: K }>;
type ObjectOf<K extends Kind> = NonNullable<EntryOf<K>['object']>;

function liveEntry<K extends Kind>(
  entries: ReadonlyMap<string, DesiredEntry>,
  key: string,
  kind: K,
): { entry: DesiredEntry; object: ObjectOf<K> } | null {
  const entry = entries.get(key);
  if (!entry || entry.kind !== kind || !entry.object) return null;
  return { entry, object: entry.object as ObjectOf<K> };
}

function livePorts(entries: ReadonlyMap<string, DesiredEntry>, used: Map<string, DesiredEntry>): Port[] {
  const ports: Port[] = [];
  for (const [key, entry] of entries) {
    if (entry.kind !== 'port' || !entry.object) continue;
    used.set(key, entry);
    ports.push(entry.object);
  }
  return ports.sort((a, b) => a.number - b.number || byId(a, b));
}

/** Two ports of one number would share flows and meters. `ports` are in the order of their numbers. */
function sameNumber(ports: readonly Port[]): string | null {
  const second = ports.findIndex((port, index) => port.number === ports[index - 1]?.number);
  const [one, other] = [ports[second - 1], ports[second]];
  return one && other ? `ports ${one.id} and ${other.id} have the same number ${other.number}` : null;
}

function unique<T extends { id: string }>(objects: readonly (T | null)[]): T[] {
  return [...new Set(objects.filter((object) => object !== null))].sort(byId);
}

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

export function noMeta(): string {
  return `the bus has no record of its store (key ${desiredKeys.meta}): the manager has not filled it yet`;
}

export function noHostConfig(hostId: string): string {
  return (
    `the bus has no configuration for host ${hostId} (key ${desiredKeys.host(hostId)}): ` +
    `create the host with this id in the manager, or correct OPENDVS_HOST_ID`
  );
}
