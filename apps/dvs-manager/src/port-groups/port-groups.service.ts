import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type FilterQuery, LockMode } from '@mikro-orm/core';
import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { desiredKeys } from '@opendvs/contracts';
import { formatVlanRanges } from '@opendvs/model';
import type { ChangeTransaction } from '../changes/change-transaction';
import { tombstone } from '../changes/desired-entry';
import { readPatch } from '../fields/merge-patch';
import { refuseIfUnsupported } from '../hosts/capability-check';
import { HostEntity } from '../hosts/host.entity';
import { type Page, contains, findPage } from '../paging/page';
import { PortEntity } from '../ports/port.entity';
import { bodyError, contradiction, notFound } from '../problems/problem';
import { HostCapabilities } from '../reports/host-capabilities.service';
import { hostsOfSwitch } from '../switches/memberships';
import { SwitchEntity, type SwitchRow } from '../switches/switch.entity';
import { checkPrecondition } from '../writing/preconditions';
import { findUsers, refuseIfUsed } from '../writing/usage';
import { type WriteRequest, requiredIfMatch } from '../writing/write-request';
import { type Written, changed, created, deleted } from '../writing/written';
import { Writes } from '../writing/writes.service';
import { portGroupChange } from './port-group-changes';
import { suppressionCapabilities } from './port-group-capabilities';
import { CreatePortGroupDto, type PortGroupDto, type PortGroupQuery } from './port-group.dto';
import { PortGroupEntity, type PortGroupRow } from './port-group.entity';
import { patchBase, portGroupColumns, portGroupSnapshot } from './port-group.mapper';
import { vlansOutside } from './vlan-pools';

@Injectable()
export class PortGroupsService {
  constructor(
    private readonly em: EntityManager,
    private readonly writes: Writes,
    private readonly capabilities: HostCapabilities,
  ) {}

  async list(query: PortGroupQuery, url: string): Promise<Page<PortGroupDto>> {
    const em = this.em.fork();
    const page = await findPage(em, PortGroupEntity, {
      where: {
        $and: [
          query.name === null ? {} : { name: query.name },
          query.nameContains === null ? {} : { name: contains(query.nameContains) },
          query.switchId === null ? {} : { switchId: query.switchId },
          query.adminStatus === null ? {} : { adminStatus: query.adminStatus },
          vlanFilter(query),
        ],
      },
      request: query,
      tieBreak: ['id'],
      url,
    });
    const counts = await countPorts(
      em,
      page.items.map(({ id }) => id),
    );
    return { ...page, items: page.items.map((row) => answer(row, counts.get(row.id) ?? 0)) };
  }

  /** @throws ProblemError (404) */
  async get(id: string): Promise<PortGroupDto> {
    const em = this.em.fork();
    const row = await em.findOne(PortGroupEntity, { id });
    if (!row) throw notFound('port group', id);
    return answer(row, await em.count(PortEntity, { portGroupId: id }));
  }

  create(settings: CreatePortGroupDto, write: WriteRequest): Promise<Written<PortGroupDto>> {
    const columns = portGroupColumns(settings);
    return this.writes.run(write, async (tx) => {
      const dvs = await holdSwitch(tx, settings.switchId);
      if (!dvs)
        throw contradiction('invalid-reference', [
          bodyError('/switchId', `there is no switch ${settings.switchId}`),
        ]);
      const now = new Date();
      const row = tx.em.create(PortGroupEntity, {
        id: randomUUID(),
        ...columns,
        createdAt: now,
        updatedAt: now,
      });
      const hostIds = await this.check(tx, row, dvs);
      tx.em.persist(row);
      tx.record({ ...portGroupChange(row, hostIds, []), action: 'create', before: null });
      return created(() => answer(row, 0));
    });
  }

  update(id: string, patch: object, write: WriteRequest): Promise<Written<PortGroupDto>> {
    const ifMatch = requiredIfMatch(write);
    return this.writes.run(write, async (tx) => {
      const { row, dvs } = await lockPortGroup(tx, id);
      checkPrecondition(ifMatch, row.version, `port group ${row.name}`);
      const before = portGroupSnapshot(row);
      Object.assign(row, portGroupColumns(readPatch(CreatePortGroupDto, patchBase(row, patch), patch)));
      const isSame = isDeepStrictEqual(portGroupSnapshot(row), before);
      const hostIds = isSame ? await hostsOfSwitch(tx.em, dvs.id) : await this.check(tx, row, dvs);
      const portIds = write.wait ? await portsOfGroup(tx.em, id) : [];
      const change = portGroupChange(row, hostIds, portIds);
      if (isSame) tx.recordUnchanged(change);
      else {
        row.updatedAt = new Date();
        tx.record({ ...change, action: 'update', before });
      }
      const portCount = await tx.em.count(PortEntity, { portGroupId: id });
      return changed(() => answer(row, portCount));
    });
  }

  delete(id: string, write: WriteRequest): Promise<Written<never>> {
    return this.writes.run(write, async (tx) => {
      const { row, dvs } = await lockPortGroup(tx, id);
      checkPrecondition(write.ifMatch, row.version, `port group ${row.name}`);
      const ports = await findUsers(tx.em, 'port', PortEntity, { portGroupId: id });
      refuseIfUsed([ports], `port group ${row.name} can not be deleted`, 'delete or move its ports first');
      tx.em.remove(row);
      tx.record({
        ...portGroupChange(row, await hostsOfSwitch(tx.em, dvs.id), []),
        action: 'delete',
        before: portGroupSnapshot(row),
        after: null,
        rows: [],
        publish: (revision) => tombstone('port-group', desiredKeys.portGroup(id), revision),
      });
      return deleted;
    });
  }

  /** @returns the hosts in the switch. @throws ProblemError (422) when its pools or one of its hosts don't allow what is asked for */
  private async check(tx: ChangeTransaction, row: PortGroupRow, dvs: SwitchRow): Promise<string[]> {
    const outside = vlansOutside(row.vlan, dvs.vlanPools);
    if (outside) {
      const pools = formatVlanRanges(dvs.vlanPools ?? []);
      const reason = `VLAN ${outside.vlans} is outside the pools of switch ${dvs.name}: ${pools}`;
      throw contradiction('invalid-reference', [bodyError(`/${outside.field}`, reason)]);
    }
    const hostIds = await hostsOfSwitch(tx.em, dvs.id);
    const wanted = suppressionCapabilities(row.broadcastSuppression, `port group ${row.name}`);
    if (wanted.length > 0) {
      const hosts = await tx.em.find(HostEntity, { id: { $in: hostIds } }, { orderBy: { name: 'asc' } });
      refuseIfUnsupported(hosts, wanted, this.capabilities);
    }
    return hostIds;
  }
}

/** Of the column's JSON, whose union of forms the ORM's types can't follow. */
function vlanFilter({ type, vlanId }: PortGroupQuery): FilterQuery<PortGroupRow> {
  const vlan = { ...(type === null ? {} : { type }), ...(vlanId === null ? {} : { vlanId }) };
  return (type === null && vlanId === null ? {} : { vlan }) as FilterQuery<PortGroupRow>;
}

/** Keeps the switch, with its pools, as it is until the transaction ends. */
function holdSwitch(tx: ChangeTransaction, id: string): Promise<SwitchRow | null> {
  return tx.em.findOne(SwitchEntity, { id }, { lockMode: LockMode.PESSIMISTIC_READ });
}

/** Locks in the order of all writers: the switch, then the group, which is read again under both. @throws ProblemError (404) */
async function lockPortGroup(
  tx: ChangeTransaction,
  id: string,
): Promise<{ row: PortGroupRow; dvs: SwitchRow }> {
  const found = await tx.em.findOne(PortGroupEntity, { id });
  const dvs = found && (await holdSwitch(tx, found.switchId));
  const row =
    dvs &&
    (await tx.em.findOne(PortGroupEntity, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true }));
  if (!row) throw notFound('port group', id);
  return { row, dvs };
}

function answer(row: PortGroupRow, portCount: number): PortGroupDto {
  return { ...portGroupSnapshot(row), portCount };
}

async function portsOfGroup(em: EntityManager, portGroupId: string): Promise<string[]> {
  const rows = await em.execute<{ id: string }[]>('select id from ports where port_group_id = ?', [
    portGroupId,
  ]);
  return rows.map(({ id }) => id);
}

async function countPorts(em: EntityManager, portGroupIds: string[]): Promise<Map<string, number>> {
  if (portGroupIds.length === 0) return new Map();
  const rows = await em.execute<{ id: string; count: string }[]>(
    'select port_group_id as id, count(*) as count from ports where port_group_id in (?) group by port_group_id',
    [portGroupIds],
  );
  return new Map(rows.map(({ id, count }) => [id, Number(count)]));
}
