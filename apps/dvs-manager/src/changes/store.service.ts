import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';

/** Whose database this is. The id is made by the first migration and survives dump and restore. */
@Injectable()
export class Store {
  private cachedId: string | null = null;

  constructor(private readonly em: EntityManager) {}

  async id(): Promise<string> {
    this.cachedId ??= await this.read();
    return this.cachedId;
  }

  private async read(): Promise<string> {
    const rows = await this.em.fork().execute<{ store_id: string }[]>('select store_id from store');
    const [row] = rows;
    if (!row) throw new Error('the table "store" has lost its only row: restore the database from a dump');
    return row.store_id;
  }
}
