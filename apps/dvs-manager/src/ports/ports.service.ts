import { LockMode } from '@mikro-orm/core';
import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { PortState } from '@opendvs/model';
import { ChangeTransactions } from '../changes/change-transactions.service';
import { HostEntity } from '../hosts/host.entity';
import { type Page, findPage } from '../paging/page';
import { notFound } from '../problems/problem';
import { isUnavailable, violatedUnique } from '../problems/database-problems';
import { HostCapabilities } from '../reports/host-capabilities.service';
import { HostStatuses } from '../reports/host-statuses.service';
import { PortStatuses } from '../reports/port-statuses.service';
import { GroupedWork } from '../writing/grouped-work';
import { checkPrecondition } from '../writing/preconditions';
import { type WriteRequest, requiredIfMatch } from '../writing/write-request';
import { Written, changed, created, deleted } from '../writing/written';
import { Writes } from '../writing/writes.service';
import type { BulkPortsDto, BulkPortsResultDto } from './bulk-ports.dto';
import { applyBulk } from './bulk-ports';
import { recordPortDeletion } from './port-changes';
import { type CreatedPort, type PortHost, createPorts } from './port-creation';
import { updatePorts } from './port-update';
import type { CreatePortDto, PortDto, PortQuery } from './port.dto';
import { PortEntity, type PortRow } from './port.entity';
import { portDto, portStatusDto } from './port.mapper';
import { portFilter } from './port-filter';

/** Draws of a generated MAC address that may collide with one that exists. */
const MAC_DRAWS = 3;

/** Longer groups would keep their first request waiting for little gain. */
const GROUP_MAX = 200;

interface Creation {
  settings: CreatePortDto;
  write: WriteRequest;
}

@Injectable()
export class PortsService {
  private readonly creations = new GroupedWork<Creation, Written<PortDto>>({
    together: (requests) => this.createTogether(requests),
    alone: (request) => this.createAlone(request),
    mayRetry: (error) => !isUnavailable(error),
    groupMax: GROUP_MAX,
  });

  constructor(
    private readonly em: EntityManager,
    private readonly writes: Writes,
    private readonly hosts: HostStatuses,
    private readonly statuses: PortStatuses,
    private readonly capabilities: HostCapabilities,
    private readonly transactions: ChangeTransactions,
  ) {}

  async list(query: PortQuery, url: string): Promise<Page<PortDto>> {
    const em = this.em.fork();
    const where = portFilter(query, (state) => this.portsInState(state));
    const page = await findPage(em, PortEntity, { where, request: query, tieBreak: ['id'], url });
    const hosts = await em.find(HostEntity, {
      id: { $in: [...new Set(page.items.map(({ hostId }) => hostId))] },
    });
    const hostOf = new Map(hosts.map((host) => [host.id, host]));
    // a host can't go before its ports, so only a page that was overtaken by the deletion of both lacks one
    return {
      ...page,
      items: page.items.flatMap((row) =>
        hostOf.has(row.hostId) ? this.answer(row, hostOf.get(row.hostId)!) : [],
      ),
    };
  }

  /** @throws ProblemError (404) */
  async get(id: string): Promise<PortDto> {
    const em = this.em.fork();
    const row = await em.findOne(PortEntity, { id });
    const host = row && (await em.findOne(HostEntity, { id: row.hostId }));
    if (!host) throw notFound('port', id);
    return this.answer(row, host);
  }

  async create(settings: CreatePortDto, write: WriteRequest): Promise<Written<PortDto>> {
    const request = { settings, write };
    // a key is claimed in a transaction of its own
    const written = write.idempotency
      ? await this.createAlone(request)
      : await this.creations.add(write.actor, request);
    return written.refreshedBy((body) => this.withStatus(body));
  }

  async update(id: string, patch: object, write: WriteRequest): Promise<Written<PortDto>> {
    const ifMatch = requiredIfMatch(write);
    const written = await this.writes.run(write, async (tx) => {
      const [port] = await updatePorts(tx, [{ id, ifMatch, patch, path: '' }]);
      return changed(() => this.answered(port!));
    });
    return written.refreshedBy((body) => this.withStatus(body));
  }

  delete(id: string, write: WriteRequest): Promise<Written<never>> {
    return this.writes.run(write, async (tx) => {
      const row = await tx.em.findOne(PortEntity, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
      if (!row) throw notFound('port', id);
      checkPrecondition(write.ifMatch, row.version, `port ${row.name}`);
      tx.em.remove(row);
      recordPortDeletion(tx, row);
      return deleted;
    });
  }

  /** All or nothing. */
  async bulk(request: BulkPortsDto, write: WriteRequest): Promise<Written<BulkPortsResultDto>> {
    const draws = request.create.some(({ macAddress }) => macAddress === null);
    const written = await withFreshAddress(draws, () =>
      this.writes.run(write, async (tx) => {
        const done = await applyBulk(tx, request, this.capabilities);
        return changed(() => ({
          created: done.created.map((port) => this.answered(port)),
          updated: done.updated.map((port) => this.answered(port)),
          deleted: done.deleted,
        }));
      }),
    );
    return written.refreshedBy(({ created: made, updated, deleted: gone }) => ({
      created: made.map((port) => this.withStatus(port)),
      updated: updated.map((port) => this.withStatus(port)),
      deleted: gone,
    }));
  }

  private createAlone({ settings, write }: Creation): Promise<Written<PortDto>> {
    return withFreshAddress(settings.macAddress === null, () =>
      this.writes.run(write, async (tx) => {
        const [port] = await createPorts(tx, [{ settings, path: '' }], this.capabilities);
        return created(() => this.answered(port!));
      }),
    );
  }

  /** Of one actor, without Idempotency-Keys. */
  private async createTogether(requests: Creation[]): Promise<Written<PortDto>[]> {
    const ports = await this.transactions.run(requests[0]!.write.actor, async (tx) => {
      const places = requests.map(({ settings }) => ({ settings, path: '' }));
      const made = await createPorts(tx, places, this.capabilities);
      return () => made.map((port) => this.answered(port));
    });
    return ports.map((body, index) => {
      const { revision, id, hostId } = body;
      const awaits = [{ scope: 'host' as const, hostIds: [hostId], portIds: [id], revision }];
      return new Written({ status: 201, body, revision, awaits }, requests[index]!.write.wait, false);
    });
  }

  private portsInState(state: PortState | 'any'): string[] {
    return this.hosts
      .all()
      .flatMap(({ hostId }) => this.statuses.ofHost(hostId))
      .filter((status) => state === 'any' || status.state === state)
      .map(({ portId }) => portId);
  }

  private answered({ row, host }: CreatedPort): PortDto {
    return this.answer(row, host);
  }

  /** The port with what its host reports by now. */
  private withStatus(port: PortDto): PortDto {
    return { ...port, status: portStatusDto(this.statuses.get(port.id), port.createdAt) };
  }

  private answer(row: PortRow, host: PortHost): PortDto {
    return portDto(row, host, this.statuses.get(row.id));
  }
}

/** Runs again with another draw when an address that was drawn at random turns out to be taken. */
async function withFreshAddress<T>(draws: boolean, work: () => Promise<T>): Promise<T> {
  for (let draw = 1; ; draw += 1) {
    try {
      return await work();
    } catch (error) {
      if (!draws || draw === MAC_DRAWS || violatedUnique(error) !== 'ports_mac_unique') throw error;
    }
  }
}
