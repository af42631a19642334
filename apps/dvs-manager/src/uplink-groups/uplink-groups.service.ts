import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { nicName } from '@opendvs/model';
import type { ChangeTransaction, PendingChange } from '../changes/change-transaction';
import { readPatch } from '../fields/merge-patch';
import { findHostForUpdate, hostRecordChange } from '../hosts/host-changes';
import type { HostRow } from '../hosts/host.entity';
import { type Page, contains, findPage } from '../paging/page';
import { type FieldError, bodyError, contradiction, notFound } from '../problems/problem';
import { MembershipEntity, SwitchEntity } from '../switches/switch.entity';
import { checkPrecondition } from '../writing/preconditions';
import { type WriteRequest, requiredIfMatch } from '../writing/write-request';
import { type Written, changed, created, deleted } from '../writing/written';
import { Writes } from '../writing/writes.service';
import { CreateUplinkGroupDto, type UplinkGroupDto, type UplinkGroupQuery } from './uplink-group.dto';
import { UplinkGroupEntity, type UplinkGroupRow } from './uplink-group.entity';
import { uplinkGroupColumns, uplinkGroupDto, uplinkGroupSettings } from './uplink-group.mapper';

@Injectable()
export class UplinkGroupsService {
  constructor(
    private readonly em: EntityManager,
    private readonly writes: Writes,
  ) {}

  async list(query: UplinkGroupQuery, url: string): Promise<Page<UplinkGroupDto>> {
    const page = await findPage(this.em.fork(), UplinkGroupEntity, {
      where: {
        ...(query.name === null ? {} : { name: query.name }),
        ...(query.hostId === null ? {} : { hostId: query.hostId }),
        ...(query.switchId === null ? {} : { switchId: query.switchId }),
        ...(query.nameContains === null ? {} : { $and: [{ name: contains(query.nameContains) }] }),
      },
      request: query,
      tieBreak: ['id'],
      url,
    });
    return { ...page, items: page.items.map(uplinkGroupDto) };
  }

  /** @throws ProblemError (404) */
  async get(id: string): Promise<UplinkGroupDto> {
    const row = await this.em.fork().findOne(UplinkGroupEntity, { id });
    if (!row) throw notFound('uplink group', id);
    return uplinkGroupDto(row);
  }

  create(settings: CreateUplinkGroupDto, write: WriteRequest): Promise<Written<UplinkGroupDto>> {
    const columns = uplinkGroupColumns(settings);
    return this.writes.run(write, async (tx) => {
      const host = await lockMember(tx, settings);
      const now = new Date();
      const row = tx.em.create(UplinkGroupEntity, {
        id: randomUUID(),
        ...columns,
        createdAt: now,
        updatedAt: now,
      });
      await refuseUsedNics(tx, row);
      tx.em.persist(row);
      tx.record({ ...(await describe(tx, row, host)), action: 'create', before: null });
      return created(() => uplinkGroupDto(row));
    });
  }

  update(id: string, patch: unknown, write: WriteRequest): Promise<Written<UplinkGroupDto>> {
    const ifMatch = requiredIfMatch(write);
    return this.writes.run(write, async (tx) => {
      const { row, host } = await lockUplinkGroup(tx, id);
      checkPrecondition(ifMatch, row.version, `uplink group ${row.name}`);
      const before = uplinkGroupDto(row);
      Object.assign(
        row,
        uplinkGroupColumns(readPatch(CreateUplinkGroupDto, uplinkGroupSettings(row), patch)),
      );
      if (isDeepStrictEqual(uplinkGroupDto(row), before)) {
        tx.recordUnchanged(await describe(tx, row, host));
      } else {
        await refuseUsedNics(tx, row);
        row.updatedAt = new Date();
        tx.record({ ...(await describe(tx, row, host)), action: 'update', before });
      }
      return changed(() => uplinkGroupDto(row));
    });
  }

  delete(id: string, write: WriteRequest): Promise<Written<never>> {
    return this.writes.run(write, async (tx) => {
      const { row, host } = await lockUplinkGroup(tx, id);
      checkPrecondition(write.ifMatch, row.version, `uplink group ${row.name}`);
      const before = uplinkGroupDto(row);
      tx.em.remove(row);
      const change = await hostRecordChange(tx, host, null);
      tx.record({
        kind: 'uplink-group',
        objectId: id,
        objectName: before.name,
        ...change,
        action: 'delete',
        before,
        after: null,
      });
      return deleted;
    });
  }
}

/** The host, locked, if it is in the switch. @throws ProblemError (422) naming the field that doesn't fit */
async function lockMember(tx: ChangeTransaction, settings: CreateUplinkGroupDto): Promise<HostRow> {
  const { hostId, switchId } = settings;
  const errors: FieldError[] = [];
  const dvs = await tx.em.findOne(SwitchEntity, { id: switchId });
  const host = await findHostForUpdate(tx, hostId);
  if (!dvs) errors.push(bodyError('/switchId', `there is no switch ${switchId}`));
  if (!host) errors.push(bodyError('/hostId', `there is no host ${hostId}`));
  if (dvs && host && !(await tx.em.count(MembershipEntity, { hostId, switchId }))) {
    errors.push(bodyError('/hostId', `host ${host.name} is not in switch ${dvs.name}; put it there first`));
  }
  if (!host || errors.length > 0) throw contradiction('invalid-reference', errors);
  return host;
}

/** The lock of the host protects its uplink groups: it comes first, and the group is read again under it. */
async function lockUplinkGroup(
  tx: ChangeTransaction,
  id: string,
): Promise<{ row: UplinkGroupRow; host: HostRow }> {
  const found = await tx.em.findOne(UplinkGroupEntity, { id });
  const host = found && (await findHostForUpdate(tx, found.hostId));
  const row = host && (await tx.em.findOne(UplinkGroupEntity, { id }, { refresh: true }));
  if (!row) throw notFound('uplink group', id);
  return { row, host };
}

/** @throws ProblemError (409) naming the switch that uses the NIC already */
async function refuseUsedNics(tx: ChangeTransaction, row: UplinkGroupRow): Promise<void> {
  const others = await tx.em.find(UplinkGroupEntity, { hostId: row.hostId, id: { $ne: row.id } });
  const errors: FieldError[] = [];
  for (const other of others) {
    const used = new Set(other.members.map(nicName));
    for (const [index, nic] of row.members.entries()) {
      if (!used.has(nicName(nic))) continue;
      const dvs = await tx.em.findOne(SwitchEntity, { id: other.switchId });
      errors.push(
        bodyError(
          `/members/${index}`,
          `${nicName(nic)} of this host is used by switch ${dvs?.name ?? other.switchId}, in uplink group ${other.name}`,
        ),
      );
    }
  }
  if (errors.length > 0) throw contradiction('conflict', errors);
}

async function describe(
  tx: ChangeTransaction,
  row: UplinkGroupRow,
  host: HostRow,
): Promise<Omit<PendingChange, 'action' | 'before'>> {
  return {
    kind: 'uplink-group',
    objectId: row.id,
    objectName: row.name,
    after: () => uplinkGroupDto(row),
    ...(await hostRecordChange(tx, host, { table: 'uplink_groups', row })),
  };
}
