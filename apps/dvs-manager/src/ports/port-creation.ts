/** Creates ports, one or two thousand: the same checks and the same statements, only longer. */
import { randomUUID } from 'node:crypto';
import type { ChangeTransaction } from '../changes/change-transaction';
import type { HostRow } from '../hosts/host.entity';
import { type FieldError, ProblemError, bodyError, contradiction } from '../problems/problem';
import type { HostCapabilities } from '../reports/host-capabilities.service';
import { generateMacAddress } from './mac-address';
import { portChange } from './port-changes';
import type { CreatePortDto } from './port.dto';
import { PortEntity, type PortRow } from './port.entity';
import { takePortNumbers } from './port-numbers';

/** A port to make; `path`: JSON pointer of its settings in the request. */
export interface PortRequest {
  settings: CreatePortDto;
  path: string;
}

/** What answers show of a port's host. */
export type PortHost = Pick<HostRow, 'id' | 'name' | 'vhostSocketDir'>;

export interface CreatedPort {
  row: PortRow;
  host: PortHost;
}

/** @throws ProblemError naming every field of every request that doesn't fit what exists */
export async function createPorts(
  tx: ChangeTransaction,
  requests: PortRequest[],
  capabilities: Pick<HostCapabilities, 'of'>,
): Promise<CreatedPort[]> {
  if (requests.length === 0) return [];
  const places = await findPlaces(tx, requests);
  if (requests.length > 1) await refuseTaken(tx, places);
  const numbers = await numberPorts(tx, places, capabilities);
  const now = new Date();
  return places.map(({ settings, switchId, host }) => {
    const row = tx.em.create(PortEntity, {
      ...settings,
      id: randomUUID(), // random in all its digits: interface names are made of the first twelve
      macAddress: settings.macAddress?.toLowerCase() ?? generateMacAddress(),
      switchId,
      number: numbers.get(host.id)!.shift()!,
      createdAt: now,
      updatedAt: now,
    });
    tx.em.persist(row);
    tx.record({ ...portChange(row), action: 'create', before: null });
    return { row, host };
  });
}

/** What a port needs to know of its port group and its host. */
interface Surroundings {
  switchId: string;
  host: PortHost;
}

interface Place extends PortRequest, Surroundings {}

interface PlaceRow {
  port_group_id: string;
  host_id: string;
  switch_id: string | null;
  group_name: string | null;
  host_name: string | null;
  vhost_socket_dir: string | null;
  is_member: boolean;
}

/** Looks up what the requests refer to, all at once. The foreign keys hold it in place until the transaction ends. */
async function findPlaces(tx: ChangeTransaction, requests: PortRequest[]): Promise<Place[]> {
  const pairs = new Map(
    requests.map(({ settings: { portGroupId, hostId } }) => [
      `${portGroupId} ${hostId}`,
      { portGroupId, hostId },
    ]),
  );
  const rows = await tx.em.execute<PlaceRow[]>(
    `select wanted."portGroupId" as port_group_id, wanted."hostId" as host_id, g.switch_id, g.name as group_name,
       h.name as host_name, h.vhost_socket_dir, m.host_id is not null as is_member
     from jsonb_to_recordset(?::jsonb) as wanted("portGroupId" uuid, "hostId" uuid)
     left join port_groups g on g.id = wanted."portGroupId"
     left join hosts h on h.id = wanted."hostId"
     left join memberships m on m.switch_id = g.switch_id and m.host_id = h.id`,
    [JSON.stringify([...pairs.values()])],
  );
  const byPair = new Map(rows.map((row) => [`${row.port_group_id} ${row.host_id}`, row]));
  const errors: FieldError[] = [];
  const places = requests.map((request) => {
    const { settings, path } = request;
    const row = byPair.get(`${settings.portGroupId} ${settings.hostId}`)!;
    errors.push(...placeErrors(row, path));
    const host = { id: row.host_id, name: row.host_name!, vhostSocketDir: row.vhost_socket_dir! };
    return { settings, path, switchId: row.switch_id!, host };
  });
  if (errors.length > 0) throw contradiction('invalid-reference', errors.slice(0, 50));
  return places;
}

function placeErrors(row: PlaceRow, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (row.group_name === null)
    errors.push(bodyError(`${path}/portGroupId`, `there is no port group ${row.port_group_id}`));
  if (row.host_name === null) errors.push(bodyError(`${path}/hostId`, `there is no host ${row.host_id}`));
  if (errors.length > 0 || row.is_member) return errors;
  const reason = `host ${row.host_name} is not in the switch of port group ${row.group_name}; put it there first`;
  return [bodyError(`${path}/hostId`, reason)];
}

/** Names what is taken by its place in the request; the unique constraints would only say that something is. */
async function refuseTaken(tx: ChangeTransaction, places: Place[]): Promise<void> {
  const errors: FieldError[] = [];
  for (const [field, what] of [
    ['name', 'name'],
    ['macAddress', 'MAC address'],
  ] as const) {
    const wanted = places.flatMap((place) => {
      const value = field === 'name' ? place.settings.name : place.settings.macAddress?.toLowerCase();
      return value === undefined ? [] : [{ place, value, key: `${place.switchId} ${value}` }];
    });
    const taken = await takenBefore(tx, field, wanted);
    for (const { place, key, value } of wanted) {
      if (taken.has(key))
        errors.push(
          bodyError(`${place.path}/${field}`, `another port of the switch has the ${what} ${value}`),
        );
      taken.add(key);
    }
  }
  if (errors.length > 0) throw contradiction('conflict', errors.slice(0, 50));
}

async function takenBefore(
  tx: ChangeTransaction,
  field: 'name' | 'macAddress',
  wanted: { place: Place; value: string }[],
): Promise<Set<string>> {
  if (wanted.length === 0) return new Set();
  const column = field === 'name' ? 'name' : 'mac_address';
  const rows = await tx.em.execute<{ switch_id: string; value: string }[]>(
    `select switch_id, ${column} as value from ports where switch_id in (?) and ${column} in (?)`,
    [[...new Set(wanted.map(({ place }) => place.switchId))], wanted.map(({ value }) => value)],
  );
  return new Set(rows.map((row) => `${row.switch_id} ${row.value}`));
}

/** Numbers for all, by host; hosts in the order of their ids, so that two requests can't wait for each other. */
async function numberPorts(
  tx: ChangeTransaction,
  places: Place[],
  capabilities: Pick<HostCapabilities, 'of'>,
): Promise<Map<string, number[]>> {
  const counts = new Map<string, { host: PortHost; path: string; count: number }>();
  for (const { host, path } of places) {
    const known = counts.get(host.id) ?? { host, path, count: 0 };
    counts.set(host.id, { ...known, count: known.count + 1 });
  }
  const numbers = new Map<string, number[]>();
  for (const [hostId, { host, path, count }] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const taken = await takePortNumbers(tx.em, hostId, count);
    if (!taken) {
      throw contradiction('invalid-reference', [
        bodyError(`${path}/hostId`, `host ${host.name} has no port numbers left; delete ports there first`),
      ]);
    }
    await refuseIfFull(tx, host, count, capabilities);
    numbers.set(hostId, taken);
  }
  return numbers;
}

/** An engine may carry fewer ports than there are numbers. */
async function refuseIfFull(
  tx: ChangeTransaction,
  host: PortHost,
  count: number,
  capabilities: Pick<HostCapabilities, 'of'>,
): Promise<void> {
  const known = capabilities.of(host.id);
  if (!known) return;
  const present = await tx.em.count(PortEntity, { hostId: host.id });
  if (present + count <= known.maxPorts) return;
  const reason = `${known.engine} carries at most ${known.maxPorts} ports; there are ${present}, and ${count} more were asked for`;
  throw new ProblemError('unsupported-by-hosts', `host ${host.name}: ${reason}`, {
    members: {
      hosts: [{ hostId: host.id, hostName: host.name, engine: known.engine, capability: 'maxPorts', reason }],
    },
  });
}
