import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { HostStatus, ReportedPortStatus } from './host-status';
import type { LastKnown } from './read-model';

/** JSON has no dates. */
type Stored<T> = {
  [K in keyof T]: T[K] extends Date ? string : T[K] extends Date | null ? string | null : T[K];
};

/** Statuses of hosts and ports in PostgreSQL, as they were last reported. */
@Injectable()
export class LastKnownStore {
  constructor(private readonly em: EntityManager) {}

  async load(): Promise<LastKnown> {
    const em = this.em.fork();
    const hosts = await em.execute<{ status: Stored<HostStatus> }[]>('select status from host_last_known');
    const ports = await em.execute<{ status: Stored<ReportedPortStatus> }[]>(
      'select status from port_last_known',
    );
    return {
      hosts: hosts.map(({ status }) => ({
        ...status,
        since: new Date(status.since),
        lastSeenAt: status.lastSeenAt === null ? null : new Date(status.lastSeenAt),
      })),
      ports: ports.map(({ status }) => ({ ...status, reportedAt: new Date(status.reportedAt) })),
    };
  }

  /** Those that exist no more are left out. `gone`: ports that their hosts have no more. */
  async save(hosts: HostStatus[], ports: ReportedPortStatus[], gone: string[]): Promise<void> {
    await this.em.fork().transactional(async (em) => {
      if (hosts.length > 0)
        await em.execute(UPSERT('host_last_known', 'host_id', 'hostId', 'hosts'), [JSON.stringify(hosts)]);
      if (ports.length > 0)
        await em.execute(UPSERT('port_last_known', 'port_id', 'portId', 'ports'), [JSON.stringify(ports)]);
      if (gone.length > 0) await em.execute('delete from port_last_known where port_id in (?)', [gone]);
    });
  }
}

/** The row of the object is locked, so that it can't be deleted between the look and the insert. */
const UPSERT = (table: string, id: string, field: string, objects: string) => `
  with given as (
    select (status ->> '${field}')::uuid as id, status from jsonb_array_elements(?::jsonb) as status
  ), existing as (
    select o.id from ${objects} o join given using (id) order by o.id for key share of o
  )
  insert into ${table} (${id}, status) select id, status from given join existing using (id)
  on conflict (${id}) do update set status = excluded.status`;
