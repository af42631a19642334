import { LockMode } from '@mikro-orm/core';
import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { type Capability, refuseIfUnsupported } from '../hosts/capability-check';
import { hostRecordChange, lockHost } from '../hosts/host-changes';
import { HostEntity, type HostRow } from '../hosts/host.entity';
import { type Page, findPage } from '../paging/page';
import { PortGroupEntity } from '../port-groups/port-group.entity';
import { suppressionCapabilities } from '../port-groups/port-group-capabilities';
import { PortEntity } from '../ports/port.entity';
import { ProblemError, notFound } from '../problems/problem';
import { HostCapabilities } from '../reports/host-capabilities.service';
import { UplinkGroupEntity } from '../uplink-groups/uplink-group.entity';
import { findUsers, refuseIfUsed } from '../writing/usage';
import type { WriteRequest } from '../writing/write-request';
import { type Written, changed, created, deleted } from '../writing/written';
import { Writes } from '../writing/writes.service';
import type { MembershipDto, MembershipQuery } from './switch.dto';
import { MembershipEntity, type MembershipRow, SwitchEntity, type SwitchRow } from './switch.entity';

/** Which hosts are in which switches. */
@Injectable()
export class MembershipsService {
  constructor(
    private readonly em: EntityManager,
    private readonly writes: Writes,
    private readonly capabilities: HostCapabilities,
  ) {}

  async list(switchId: string, query: MembershipQuery, url: string): Promise<Page<MembershipDto>> {
    const em = this.em.fork();
    if (!(await em.count(SwitchEntity, { id: switchId }))) throw notFound('switch', switchId);
    const page = await findPage(em, MembershipEntity, {
      where: { switchId },
      request: query,
      tieBreak: ['hostId'],
      url,
    });
    const hosts = await em.find(HostEntity, { id: { $in: page.items.map(({ hostId }) => hostId) } });
    const byId = new Map(hosts.map((host) => [host.id, host]));
    const items = page.items.flatMap((row) => {
      const host = byId.get(row.hostId);
      return host ? [membershipDto(row, host)] : []; // taken out between the two queries
    });
    return { ...page, items };
  }

  /** @throws ProblemError (404) when switch or host don't exist, or the host isn't in the switch */
  async get(switchId: string, hostId: string): Promise<MembershipDto> {
    const em = this.em.fork();
    const row = await em.findOne(MembershipEntity, { switchId, hostId });
    const host = row && (await em.findOne(HostEntity, { id: hostId }));
    if (!row || !host) throw notInSwitch(switchId, hostId);
    return membershipDto(row, host);
  }

  /** Puts the host into the switch; nothing happens when it is there already. */
  add(switchId: string, hostId: string, write: WriteRequest): Promise<Written<MembershipDto>> {
    return this.writes.run(write, async (tx) => {
      const dvs = await tx.em.findOne(
        SwitchEntity,
        { id: switchId },
        { lockMode: LockMode.PESSIMISTIC_READ },
      );
      if (!dvs) throw notFound('switch', switchId);
      const host = await lockHost(tx, hostId);
      const present = await tx.em.findOne(MembershipEntity, { switchId, hostId });
      if (present) {
        tx.recordUnchanged(await hostRecordChange(tx, host, { table: 'memberships', row: present }));
        return changed(() => membershipDto(present, host));
      }
      await this.refuseIfIncapable(tx.em, dvs, host);
      const row = tx.em.create(MembershipEntity, { switchId, hostId, createdAt: new Date() });
      tx.em.persist(row);
      const change = await hostRecordChange(tx, host, { table: 'memberships', row });
      tx.record({
        ...change,
        ...describe(row, dvs, host),
        action: 'create',
        before: null,
        after: () => membershipDto(row, host),
      });
      return created(() => membershipDto(row, host));
    });
  }

  remove(switchId: string, hostId: string, write: WriteRequest): Promise<Written<never>> {
    return this.writes.run(write, async (tx) => {
      const dvs = await tx.em.findOne(SwitchEntity, { id: switchId });
      const host = await lockHost(tx, hostId);
      const where = { switchId, hostId };
      const row = await tx.em.findOne(MembershipEntity, where, { lockMode: LockMode.PESSIMISTIC_WRITE });
      if (!row || !dvs) throw notInSwitch(switchId, hostId);
      const users = [
        await findUsers(tx.em, 'port', PortEntity, where),
        await findUsers(tx.em, 'uplink-group', UplinkGroupEntity, where),
      ];
      refuseIfUsed(
        users,
        `host ${host.name} can not be taken out of switch ${dvs.name}`,
        'delete its ports and its uplink group of this switch first',
      );
      const before = membershipDto(row, host);
      tx.em.remove(row);
      const change = await hostRecordChange(tx, host, null);
      tx.record({ ...change, ...describe(row, dvs, host), action: 'delete', before, after: null });
      return deleted;
    });
  }

  /** The host must be able to realise the switch, and what its port groups ask for already. */
  private async refuseIfIncapable(em: EntityManager, dvs: SwitchRow, host: HostRow): Promise<void> {
    const groups = await em.find(PortGroupEntity, { switchId: dvs.id });
    const wanted: Capability[] = [
      { kind: 'switch-mode', name: dvs.mode, wantedBy: `switch ${dvs.name}` },
      ...groups.flatMap((group) =>
        suppressionCapabilities(group.broadcastSuppression, `port group ${group.name}`),
      ),
    ];
    refuseIfUnsupported([host], wanted, this.capabilities);
  }
}

function membershipDto(
  { switchId, hostId, revision, createdAt }: MembershipRow,
  host: HostRow,
): MembershipDto {
  return { switchId, hostId, hostName: host.name, revision, createdAt: createdAt.toISOString() };
}

function describe(row: MembershipRow, dvs: SwitchRow, host: HostRow) {
  return { kind: 'membership' as const, objectId: row.hostId, objectName: `${dvs.name}/${host.name}` };
}

function notInSwitch(switchId: string, hostId: string): ProblemError {
  return new ProblemError('not-found', `host ${hostId} is not in switch ${switchId}`);
}
