import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { LockMode } from '@mikro-orm/core';
import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { desiredKeys } from '@opendvs/contracts';
import type { ChangeTransaction } from '../changes/change-transaction';
import { tombstone } from '../changes/desired-entry';
import { readPatch } from '../fields/merge-patch';
import { HostEntity } from '../hosts/host.entity';
import { type Page, contains, findPage } from '../paging/page';
import { PortGroupEntity } from '../port-groups/port-group.entity';
import { vlansOutside } from '../port-groups/vlan-pools';
import { ProblemError, bodyError, notFound } from '../problems/problem';
import { checkPrecondition } from '../writing/preconditions';
import { findUsers, refuseIfUsed } from '../writing/usage';
import { type WriteRequest, requiredIfMatch } from '../writing/write-request';
import { type Written, changed, created, deleted } from '../writing/written';
import { Writes } from '../writing/writes.service';
import { hostsOfSwitch, switchesOfHost } from './memberships';
import { CreateSwitchDto, type SwitchDto, type SwitchQuery } from './switch.dto';
import { switchChange } from './switch-changes';
import { SwitchEntity, type SwitchRow } from './switch.entity';
import { switchColumns, switchDto, switchSettings } from './switch.mapper';

@Injectable()
export class SwitchesService {
  constructor(
    private readonly em: EntityManager,
    private readonly writes: Writes,
  ) {}

  async list(query: SwitchQuery, url: string): Promise<Page<SwitchDto>> {
    const em = this.em.fork();
    const where = {
      ...(query.name === null ? {} : { name: query.name }),
      ...(query.mode === null ? {} : { mode: query.mode }),
    };
    const page = await findPage(em, SwitchEntity, {
      where: {
        $and: [
          where,
          query.nameContains === null ? {} : { name: contains(query.nameContains) },
          query.hostId === null ? {} : { id: { $in: await switchesOfHost(em, query.hostId) } },
        ],
      },
      request: query,
      tieBreak: ['id'],
      url,
    });
    return { ...page, items: page.items.map(switchDto) };
  }

  /** @throws ProblemError (404) */
  async get(id: string): Promise<SwitchDto> {
    const row = await this.em.fork().findOne(SwitchEntity, { id });
    if (!row) throw notFound('switch', id);
    return switchDto(row);
  }

  create(settings: CreateSwitchDto, write: WriteRequest): Promise<Written<SwitchDto>> {
    return this.writes.run(write, async (tx) => {
      const now = new Date();
      const row = tx.em.create(SwitchEntity, {
        id: randomUUID(),
        ...switchColumns(settings),
        createdAt: now,
        updatedAt: now,
      });
      tx.em.persist(row);
      tx.record({ ...switchChange(row, []), action: 'create', before: null });
      return created(() => switchDto(row));
    });
  }

  update(id: string, patch: unknown, write: WriteRequest): Promise<Written<SwitchDto>> {
    const ifMatch = requiredIfMatch(write);
    return this.writes.run(write, async (tx) => {
      const row = await lockSwitch(tx, id);
      checkPrecondition(ifMatch, row.version, `switch ${row.name}`);
      const before = switchDto(row);
      const hostIds = await hostsOfSwitch(tx.em, id);
      Object.assign(row, switchColumns(readPatch(CreateSwitchDto, switchSettings(row), patch)));
      const change = switchChange(row, hostIds);
      if (isDeepStrictEqual(switchDto(row), before)) tx.recordUnchanged(change);
      else {
        if (row.mode !== before.mode) await refuseIfHasHosts(tx, row);
        if (row.vlanPools) await refuseIfOutsidePools(tx, row);
        row.updatedAt = new Date();
        tx.record({ ...change, action: 'update', before });
      }
      return changed(() => switchDto(row));
    });
  }

  delete(id: string, write: WriteRequest): Promise<Written<never>> {
    return this.writes.run(write, async (tx) => {
      const row = await lockSwitch(tx, id);
      checkPrecondition(write.ifMatch, row.version, `switch ${row.name}`);
      const users = [
        await findUsers(tx.em, 'port-group', PortGroupEntity, { switchId: id }),
        await findUsers(tx.em, 'host', HostEntity, { id: { $in: await hostsOfSwitch(tx.em, id) } }),
      ];
      refuseIfUsed(
        users,
        `switch ${row.name} can not be deleted`,
        'delete its port groups and take its hosts out first',
      );
      tx.em.remove(row);
      tx.record({
        ...switchChange(row, []),
        action: 'delete',
        before: switchDto(row),
        after: null,
        rows: [],
        publish: (revision) => tombstone('switch', desiredKeys.switch(id), revision),
      });
      return deleted;
    });
  }
}

/** Waits for whoever changes the switch, or makes port groups or memberships of it. @throws ProblemError (404) */
async function lockSwitch(tx: ChangeTransaction, id: string): Promise<SwitchRow> {
  const row = await tx.em.findOne(SwitchEntity, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!row) throw notFound('switch', id);
  return row;
}

async function refuseIfHasHosts(tx: ChangeTransaction, row: SwitchRow): Promise<void> {
  const hosts = await findUsers(tx.em, 'host', HostEntity, {
    id: { $in: await hostsOfSwitch(tx.em, row.id) },
  });
  refuseIfUsed([hosts], `the mode of switch ${row.name} can not be changed`, 'take its hosts out first');
}

/** A pool can't be taken away from port groups that use it. */
async function refuseIfOutsidePools(tx: ChangeTransaction, row: SwitchRow): Promise<void> {
  const groups = await tx.em.find(PortGroupEntity, { switchId: row.id }, { orderBy: { name: 'asc' } });
  const outside = groups.filter((group) => vlansOutside(group.vlan, row.vlanPools) !== null);
  if (outside.length === 0) return;
  const items = outside.slice(0, 20).map(({ id, name }) => ({ id, name }));
  throw new ProblemError(
    'in-use',
    `/vlanPools: ${outside.length} port groups of switch ${row.name} use VLANs outside the new pools: ${items.map(({ name }) => name).join(', ')}`,
    {
      errors: [bodyError('/vlanPools', 'must hold every VLAN that the port groups of the switch use')],
      members: { usedBy: [{ kind: 'port-group', count: outside.length, items }] },
    },
  );
}
