import { Migrator } from '@mikro-orm/migrations';
import { type Options, PostgreSqlDriver } from '@mikro-orm/postgresql';
import { Logger } from '@nestjs/common';
import type { ManagerConfig } from '../configuration';
import { entities } from './entities';
import { migrations } from './migrations';

/** How long the server may take to accept a connection before the API says 503. */
const CONNECT_TIMEOUT_MS = 3000;
/** How long a request waits for its turn when all connections are busy: bursts of hundreds of writes are normal. */
const ACQUIRE_TIMEOUT_MS = 30_000;
/** A statement that takes longer is broken: it is cancelled, so that it can't hold locks for ever. */
const STATEMENT_TIMEOUT_MS = 30_000;

const logger = new Logger('Database');
/** Of the connection pool: connections that broke are worth a line, and are replaced by themselves. */
const knexLog = {
  warn: (message: unknown) => logger.warn(String(message)),
  error: (message: unknown) => logger.warn(String(message)),
  deprecate: () => undefined,
  debug: () => undefined,
};

export function ormOptions(
  config: Pick<ManagerConfig, 'DATABASE_URL' | 'OPENDVS_DATABASE_CONNECTIONS'>,
): Options {
  return {
    driver: PostgreSqlDriver,
    clientUrl: config.DATABASE_URL,
    entities,
    extensions: [Migrator],
    migrations: {
      migrationsList: migrations,
      tableName: 'migrations',
      allOrNothing: true,
      snapshot: false,
      disableForeignKeys: false,
    },
    // connections beyond the busy ones close by themselves; after PostgreSQL was away, new ones are made on demand
    pool: {
      min: 0,
      max: config.OPENDVS_DATABASE_CONNECTIONS,
      acquireTimeoutMillis: ACQUIRE_TIMEOUT_MS,
      idleTimeoutMillis: 60_000,
    },
    driverOptions: {
      log: knexLog,
      connection: {
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        statement_timeout: STATEMENT_TIMEOUT_MS,
        keepAlive: true,
        application_name: 'dvs-manager',
      },
    },
    connect: false,
    forceUtcTimezone: true,
    // SQL and parameters stay out of logs: problem documents and messages say what an operator needs
    debug: false,
  };
}
