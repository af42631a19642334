/** What the manager reads from its environment. `--help` prints {@link MANAGER_VARIABLES}; one list, so help and check can't drift. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { tcpPort } from '@opendvs/config';

export const managerConfigSchema = z.object({
  DATABASE_URL: z
    .url({
      protocol: /^postgres(ql)?$/,
      error: 'must be a URL such as postgresql://user:password@host:5432/opendvs',
    })
    .optional()
    .describe('PostgreSQL 14 or newer. Unset: an embedded one is started in OPENDVS_DATA_DIR.'),
  NATS_URL: z
    .string()
    .optional()
    .describe(
      'NATS with JetStream, one or several servers separated by commas. Unset: an embedded nats-server is started.',
    ),
  OPENDVS_DATA_DIR: z
    .string()
    .default('/var/lib/opendvs')
    .transform((path) => resolve(path))
    .describe('Where the embedded PostgreSQL and NATS keep their data. Default /var/lib/opendvs.'),
  OPENDVS_HTTP_ADDRESS: z
    .string()
    .default('127.0.0.1')
    .describe('Address the API listens on. Default 127.0.0.1.'),
  OPENDVS_HTTP_PORT: tcpPort
    .default(8420)
    .describe('TCP port the API listens on; 0: one that is free. Default 8420.'),
  OPENDVS_ADMIN_TOKEN_FILE: z
    .string()
    .optional()
    .describe("File (made with mode 0600) that the first start also writes the administrator's token to."),
  OPENDVS_DATABASE_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(2)
    .max(200)
    .default(20)
    .describe('Largest number of PostgreSQL connections of this instance. 2..200, default 20.'),
  OPENDVS_BUCKET_REPLICAS: z.coerce
    .number()
    .int()
    .min(1)
    .max(5)
    .default(1)
    .describe('How many servers of a NATS cluster keep a copy of the desired state: 1, 3 or 5. Default 1.'),
  OPENDVS_STATISTICS_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(3650)
    .default(7)
    .describe('How long the 1-minute statistics of ports are kept. Unit: days, default 7.'),
});

export type ManagerEnvironment = z.infer<typeof managerConfigSchema>;

/** The environment with both servers known: given from outside, or embedded and already running. */
export interface ManagerConfig extends ManagerEnvironment {
  DATABASE_URL: string;
  NATS_URL: string;
}

/** Injection token of {@link ManagerConfig}. */
export const MANAGER_CONFIG = Symbol('MANAGER_CONFIG');

/** Every variable and what it means, for `--help`. */
export const MANAGER_VARIABLES: { name: string; description: string }[] = Object.entries(
  managerConfigSchema.shape,
).map(([name, field]) => ({ name, description: field.description ?? '' }));
