import { randomUUID } from 'node:crypto';
import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { desiredKeys } from '@opendvs/contracts';
import type { ChangeTransaction } from '../changes/change-transaction';
import { loadHostParts } from '../changes/host-parts';
import { tombstone } from '../changes/desired-entry';
import { readPatch } from '../fields/merge-patch';
import { type Page, contains, findPage } from '../paging/page';
import { PortEntity } from '../ports/port.entity';
import { notFound } from '../problems/problem';
import { HostStatuses } from '../reports/host-statuses.service';
import { hostsOfSwitch, switchesOfHost } from '../switches/memberships';
import { SwitchEntity } from '../switches/switch.entity';
import { checkPrecondition } from '../writing/preconditions';
import { findUsers, refuseIfUsed } from '../writing/usage';
import { type WriteRequest, requiredIfMatch } from '../writing/write-request';
import { type Written, changed, created, deleted } from '../writing/written';
import { Writes } from '../writing/writes.service';
import { hostRecordChange, lockHost } from './host-changes';
import { CreateHostDto, type HostDto, type HostQuery } from './host.dto';
import { HostEntity, type HostRow } from './host.entity';
import { hostDto, hostSettings, hostSnapshot } from './host.mapper';

@Injectable()
export class HostsService {
  constructor(
    private readonly em: EntityManager,
    private readonly writes: Writes,
    private readonly statuses: HostStatuses,
  ) {}

  async list(query: HostQuery, url: string): Promise<Page<HostDto>> {
    const em = this.em.fork();
    const page = await findPage(em, HostEntity, {
      where: {
        $and: [
          query.name === null ? {} : { name: query.name },
          query.nameContains === null ? {} : { name: contains(query.nameContains) },
          query.engine === null ? {} : { engine: query.engine },
          query.switchId === null ? {} : { id: { $in: await hostsOfSwitch(em, query.switchId) } },
          query.state === null ? {} : { id: { $in: this.hostsInState(query.state) } },
        ],
      },
      request: query,
      tieBreak: ['id'],
      url,
    });
    const parts = await loadHostParts(
      em,
      page.items.map(({ id }) => id),
    );
    return { ...page, items: page.items.map((row) => this.answer(row, parts(row.id).switchIds)) };
  }

  /** @throws ProblemError (404) */
  async get(id: string): Promise<HostDto> {
    const em = this.em.fork();
    const row = await em.findOne(HostEntity, { id });
    if (!row) throw notFound('host', id);
    return this.answer(row, await switchesOfHost(em, id));
  }

  create(settings: CreateHostDto, write: WriteRequest): Promise<Written<HostDto>> {
    return this.writes.run(write, async (tx) => {
      const now = new Date();
      const id = settings.id ?? randomUUID();
      const row = tx.em.create(HostEntity, { ...settings, id, createdAt: now, updatedAt: now });
      tx.em.persist(row);
      const change = await hostRecordChange(tx, row, null);
      await tx.em.execute('insert into port_numbers (host_id) values (?)', [id]);
      tx.record({ ...describe(row), ...change, action: 'create', before: null });
      return created(() => this.answer(row, []));
    });
  }

  update(id: string, patch: unknown, write: WriteRequest): Promise<Written<HostDto>> {
    const ifMatch = requiredIfMatch(write);
    return this.writes.run(write, async (tx) => {
      const row = await lockHost(tx, id);
      checkPrecondition(ifMatch, row.version, `host ${row.name}`);
      const before = hostSnapshot(row);
      const { name, engine, vhostSocketDir } = readPatch(CreateHostDto, hostSettings(row), patch);
      if (engine !== row.engine) await this.refuseIfHasPorts(tx, row, 'engine');
      if (vhostSocketDir !== row.vhostSocketDir) await this.refuseIfHasPorts(tx, row, 'vhostSocketDir');
      const isSame = name === row.name && engine === row.engine && vhostSocketDir === row.vhostSocketDir;
      Object.assign(row, { name, engine, vhostSocketDir, ...(isSame ? {} : { updatedAt: new Date() }) });
      const change = { ...describe(row), ...(await hostRecordChange(tx, row, null)) };
      if (isSame) tx.recordUnchanged(change);
      else tx.record({ ...change, action: 'update', before });
      const switchIds = await switchesOfHost(tx.em, id);
      return changed(() => this.answer(row, switchIds));
    });
  }

  delete(id: string, write: WriteRequest): Promise<Written<never>> {
    return this.writes.run(write, async (tx) => {
      const row = await lockHost(tx, id);
      checkPrecondition(write.ifMatch, row.version, `host ${row.name}`);
      const users = [
        await findUsers(tx.em, 'port', PortEntity, { hostId: id }),
        await findUsers(tx.em, 'switch', SwitchEntity, { id: { $in: await switchesOfHost(tx.em, id) } }),
      ];
      refuseIfUsed(
        users,
        `host ${row.name} can not be deleted`,
        'delete its ports and take it out of its switches first',
      );
      tx.em.remove(row);
      tx.record({
        ...describe(row),
        action: 'delete',
        before: hostSnapshot(row),
        after: null,
        rows: [],
        publish: (revision) => tombstone('host', desiredKeys.host(id), revision),
        concern: null,
      });
      return deleted;
    });
  }

  private answer(row: HostRow, switchIds: readonly string[]): HostDto {
    return hostDto(row, switchIds, this.statuses.get(row.id));
  }

  private hostsInState(state: string): string[] {
    return this.statuses
      .all()
      .filter((status) => status.state === state)
      .map(({ hostId }) => hostId);
  }

  /** Sockets of running virtual machines can't be moved, nor their ports to another engine. */
  private async refuseIfHasPorts(tx: ChangeTransaction, row: HostRow, field: string): Promise<void> {
    const ports = await findUsers(tx.em, 'port', PortEntity, { hostId: row.id });
    refuseIfUsed([ports], `${field} of host ${row.name} can not be changed`, 'delete its ports first');
  }
}

function describe(row: HostRow) {
  return { kind: 'host' as const, objectId: row.id, objectName: row.name, after: () => hostSnapshot(row) };
}
