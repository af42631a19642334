/**
 * Taking objects back from the bus into a database that was restored from an older dump: what virtual machines are using must not be
 * deleted because a backup doesn't know of it. What the bus doesn't carry (descriptions, VLAN pools) is lost. Names that are taken by
 * now get a suffix; everything else stays as the hosts have it.
 */
import type { EntityName, FilterQuery } from '@mikro-orm/core';
import type { DesiredEntry } from '@opendvs/contracts';
import { type Port, type PortGroup, type Switch, nicName } from '@opendvs/model';
import { findHostForUpdate, hostRecordChange } from '../hosts/host-changes';
import { HostEntity, type HostRow } from '../hosts/host.entity';
import { hostSnapshot } from '../hosts/host.mapper';
import { PortGroupEntity } from '../port-groups/port-group.entity';
import { portGroupChange } from '../port-groups/port-group-changes';
import { takePortNumbers } from '../ports/port-numbers';
import { portChange } from '../ports/port-changes';
import { PortEntity } from '../ports/port.entity';
import { MembershipEntity, SwitchEntity } from '../switches/switch.entity';
import { switchChange } from '../switches/switch-changes';
import { UplinkGroupEntity } from '../uplink-groups/uplink-group.entity';
import { uplinkGroupDto } from '../uplink-groups/uplink-group.mapper';
import type { ChangeTransaction } from './change-transaction';
import type { KeyedEntry } from './desired-entry';

type HostObject = NonNullable<Extract<DesiredEntry, { kind: 'host' }>['object']>;

/** Why an entry can't be taken back; null when it was, or had been already. */
export type Refusal = string | null;

const ORDER: DesiredEntry['kind'][] = ['switch', 'port-group', 'host', 'port', 'meta'];

/** Referred-to objects first. */
export function inOrderOfDependency(entries: readonly KeyedEntry[]): KeyedEntry[] {
  return [...entries].sort((a, b) => ORDER.indexOf(a.entry.kind) - ORDER.indexOf(b.entry.kind));
}

export async function adoptEntry(tx: ChangeTransaction, { entry }: KeyedEntry): Promise<Refusal> {
  if (entry.object === null) return null;
  switch (entry.kind) {
    case 'switch':
      return adoptSwitch(tx, entry.object);
    case 'port-group':
      return adoptPortGroup(tx, entry.object);
    case 'host':
      return adoptHost(tx, entry.object);
    case 'port':
      return adoptPort(tx, entry.object);
    case 'meta':
      return null; // the publisher's own
  }
}

async function adoptSwitch(tx: ChangeTransaction, object: Switch): Promise<Refusal> {
  if (await tx.em.count(SwitchEntity, { id: object.id })) return null;
  const { id, mode, mtuBytes } = object;
  const name = await freeName(tx, SwitchEntity, {}, object);
  const row = tx.em.create(SwitchEntity, {
    id,
    name,
    mode,
    mtuBytes,
    description: '',
    vlanPools: null,
    ...madeNow(),
  });
  tx.em.persist(row);
  tx.record({ ...switchChange(row, []), action: 'adopt', before: null });
  return null;
}

async function adoptPortGroup(tx: ChangeTransaction, object: PortGroup): Promise<Refusal> {
  if (await tx.em.count(PortGroupEntity, { id: object.id })) return null;
  const { id, switchId, vlan, adminStatus, broadcastSuppression } = object;
  if (!(await tx.em.count(SwitchEntity, { id: switchId }))) return `there is no switch ${switchId}`;
  const name = await freeName(tx, PortGroupEntity, { switchId }, object);
  const row = tx.em.create(PortGroupEntity, {
    ...{ id, switchId, name, vlan, adminStatus, broadcastSuppression },
    description: '',
    ...madeNow(),
  });
  tx.em.persist(row);
  tx.record({ ...portGroupChange(row, [], []), action: 'adopt', before: null });
  return null;
}

/** Of a host that PostgreSQL knows, the memberships and uplink groups that it doesn't. */
async function adoptHost(tx: ChangeTransaction, object: HostObject): Promise<Refusal> {
  let host = await findHostForUpdate(tx, object.id);
  if (!host) {
    const { id, engine, vhostSocketDir } = object;
    const name = await freeName(tx, HostEntity, {}, object);
    host = tx.em.create(HostEntity, { id, name, engine, vhostSocketDir, ...madeNow() });
    await tx.em.persist(host).flush();
    await tx.em.execute('insert into port_numbers (host_id) values (?)', [id]);
    await recordHost(tx, host);
  }
  const refusals: string[] = [];
  for (const part of object.switches) {
    const refusal = await adoptHostPart(tx, host, part);
    if (refusal) refusals.push(refusal);
  }
  return refusals.length > 0 ? refusals.join('; ') : null;
}

async function adoptHostPart(
  tx: ChangeTransaction,
  host: HostRow,
  part: HostObject['switches'][number],
): Promise<Refusal> {
  const { switchId, uplinkGroup } = part;
  if (!(await tx.em.count(SwitchEntity, { id: switchId }))) return `there is no switch ${switchId}`;
  await ensureMembership(tx, host, switchId);
  if (!uplinkGroup) return null;
  const others = await tx.em.find(UplinkGroupEntity, { hostId: host.id });
  if (others.some((group) => group.switchId === switchId)) return null;
  const nics = new Set(others.flatMap(({ members }) => members.map(nicName)));
  const taken = uplinkGroup.members.map(nicName).find((nic) => nics.has(nic));
  if (taken !== undefined)
    return `NIC ${taken} of uplink group ${uplinkGroup.name} is used by another switch now`;
  const name = await freeName(tx, UplinkGroupEntity, { hostId: host.id }, uplinkGroup);
  const row = tx.em.create(UplinkGroupEntity, {
    ...uplinkGroup,
    name,
    hostId: host.id,
    switchId,
    ...madeNow(),
  });
  tx.em.persist(row);
  const change = await hostRecordChange(tx, host, { table: 'uplink_groups', row });
  const after = () => uplinkGroupDto(row);
  tx.record({
    ...change,
    kind: 'uplink-group',
    objectId: row.id,
    objectName: name,
    action: 'adopt',
    before: null,
    after,
  });
  return null;
}

async function adoptPort(tx: ChangeTransaction, object: Port): Promise<Refusal> {
  if (await tx.em.count(PortEntity, { id: object.id })) return null;
  const { id, hostId, switchId, portGroupId, macAddress, queues, ringSize } = object;
  const host = await findHostForUpdate(tx, hostId);
  if (!host) return `there is no host ${hostId}`;
  if (!(await tx.em.count(PortGroupEntity, { id: portGroupId, switchId })))
    return `switch ${switchId} has no port group ${portGroupId}`;
  const namesake = await tx.em.findOne(PortEntity, { switchId, macAddress });
  if (namesake) return `port ${namesake.name} has its MAC address ${macAddress} now`;
  await ensureMembership(tx, host, switchId);
  const number = await keepNumber(tx, object);
  if (number === null) return `host ${host.name} has no port numbers left`;
  const name = await freeName(tx, PortEntity, { switchId }, object);
  const row = tx.em.create(PortEntity, {
    ...{ id, hostId, switchId, portGroupId, macAddress, queues, ringSize, name, number },
    vmId: null,
    vmName: null,
    ...madeNow(),
  });
  tx.em.persist(row);
  tx.record({ ...portChange(row), action: 'adopt', before: null });
  return null;
}

/** Its own, unless another port has it by now; numbers up to it count as used. */
async function keepNumber(tx: ChangeTransaction, { hostId, number }: Port): Promise<number | null> {
  if (await tx.em.count(PortEntity, { hostId, number }))
    return (await takePortNumbers(tx.em, hostId, 1))?.[0] ?? null;
  await tx.em.execute(
    'update port_numbers set last_number = greatest(last_number, ?) where host_id = ? and not wrapped',
    [number, hostId],
  );
  return number;
}

async function ensureMembership(tx: ChangeTransaction, host: HostRow, switchId: string): Promise<void> {
  if (await tx.em.count(MembershipEntity, { hostId: host.id, switchId })) return;
  const row = tx.em.create(MembershipEntity, { hostId: host.id, switchId, createdAt: new Date() });
  tx.em.persist(row);
  const change = await hostRecordChange(tx, host, { table: 'memberships', row });
  const after = () => ({ hostId: host.id, hostName: host.name, switchId, revision: row.revision });
  tx.record({
    ...change,
    kind: 'membership',
    objectId: host.id,
    objectName: host.name,
    action: 'adopt',
    before: null,
    after,
  });
}

async function recordHost(tx: ChangeTransaction, host: HostRow): Promise<void> {
  const change = await hostRecordChange(tx, host, null);
  const after = () => hostSnapshot(host);
  tx.record({
    ...change,
    kind: 'host',
    objectId: host.id,
    objectName: host.name,
    action: 'adopt',
    before: null,
    after,
  });
}

function madeNow() {
  const now = new Date();
  return { createdAt: now, updatedAt: now };
}

async function freeName<Row extends { id: string; name: string }>(
  tx: ChangeTransaction,
  entity: EntityName<Row>,
  scope: object,
  { id, name }: { id: string; name: string },
): Promise<string> {
  const isTaken = await tx.em.count<Row>(entity, { ...scope, name } as FilterQuery<Row>);
  return isTaken ? `${name.slice(0, 220)} (recovered ${id.slice(0, 8)})` : name;
}
