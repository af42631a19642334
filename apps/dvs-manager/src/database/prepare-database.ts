/** What happens to the database before the manager answers its first request: migrations, and the administrator at the very first start. */
import { closeSync, openSync, writeSync, fchmodSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import { Client } from 'pg';
import { mintToken } from '../auth/token-secret';
import { TokenEntity } from '../auth/token.entity';
import { tokenSnapshot } from '../auth/token-snapshot';
import { ChangeTransactions } from '../changes/change-transactions.service';
import { Commits } from '../changes/commits.service';
import type { ManagerConfig } from '../configuration';
import { isUnavailable } from '../problems/database-problems';
import { ormOptions } from './orm-options';

/** Any number, as long as nobody else uses it: "dvsm" in ASCII. */
const PREPARE_LOCK = 0x6476736d;
const WAIT_FOR_DATABASE_MS = 60_000;
const RETRY_MS = 500;

export const ADMINISTRATOR = 'administrator';

/**
 * Brings the schema up to date and makes sure that there is a token. Instances that start together take turns.
 * @returns the administrator's new token at the first start, else null
 * @throws Error when PostgreSQL can't be reached for a minute, or a migration fails
 */
export async function prepareDatabase(
  config: ManagerConfig,
  say: (message: string) => void,
): Promise<string | null> {
  const client = await connectPatiently(config.DATABASE_URL, say);
  try {
    await client.query('select pg_advisory_lock($1)', [PREPARE_LOCK]);
    const orm = await MikroORM.init({ ...ormOptions(config), logger: () => undefined });
    try {
      const applied = await orm.migrator.up();
      for (const { name } of applied) say(`database: applied migration ${name}`);
      return await ensureAdministrator(orm.em.fork(), config.OPENDVS_ADMIN_TOKEN_FILE);
    } finally {
      await orm.close(true);
    }
  } finally {
    await client.end(); // and with it the lock
  }
}

async function connectPatiently(url: string, say: (message: string) => void): Promise<Client> {
  const giveUpAt = Date.now() + WAIT_FOR_DATABASE_MS;
  for (let told = false; ;) {
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: 3000,
      application_name: 'dvs-manager start',
    });
    client.on('error', (error) => say(`database: the connection was lost: ${error.message}`));
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (!isUnavailable(error) || Date.now() > giveUpAt) {
        throw new Error(`PostgreSQL can not be used: ${(error as Error).message}. Check DATABASE_URL.`, {
          cause: error,
        });
      }
      if (!told) say(`database: waiting for PostgreSQL (${(error as Error).message || 'no answer'})`);
      told = true;
      await sleep(RETRY_MS);
    }
  }
}

async function ensureAdministrator(em: EntityManager, tokenFile: string | undefined): Promise<string | null> {
  if ((await em.count(TokenEntity)) > 0) return null;
  const { id, text, secretHash } = mintToken();
  const file = tokenFile === undefined ? null : openSync(tokenFile, 'w', 0o600); // before the token exists: a path that can't be written must not cost it
  try {
    const setup = new ChangeTransactions(em, new Commits());
    await setup.run('system:setup', async (tx) => {
      const row = tx.em.create(TokenEntity, {
        id,
        name: ADMINISTRATOR,
        secretHash,
        createdAt: new Date(),
        createdBy: tx.actor,
      });
      tx.em.persist(row);
      tx.record({
        action: 'create',
        kind: 'token',
        objectId: id,
        objectName: row.name,
        before: null,
        after: () => tokenSnapshot(row),
        rows: [],
        publish: null,
        concern: null,
      });
      return () => undefined;
    });
    if (file !== null) {
      fchmodSync(file, 0o600); // also of a file that was there already
      writeSync(file, `${text}\n`);
    }
  } finally {
    if (file !== null) closeSync(file);
  }
  return text;
}
