import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { InventorySource } from './inventory';

@Injectable()
export class PostgresInventorySource implements InventorySource {
  constructor(private readonly em: EntityManager) {}

  async hostIds(): Promise<string[]> {
    const rows = await this.em.fork().execute<{ id: string }[]>('select id from hosts');
    return rows.map(({ id }) => id);
  }

  async ports(): Promise<{ id: string; hostId: string }[]> {
    const rows = await this.em
      .fork()
      .execute<{ id: string; host_id: string }[]>('select id, host_id from ports');
    return rows.map(({ id, host_id: hostId }) => ({ id, hostId }));
  }
}
