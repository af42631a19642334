/** A manager on a PostgreSQL and a NATS of its own, asked through its HTTP layer without a socket. */
import { mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsoleLogger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { desiredEntrySchema } from '@opendvs/contracts';
import { type EmbeddedServer, startNats, startPostgres } from '@opendvs/embedded';
import { Client } from 'pg';
import { type ManagerConfig, managerConfigSchema } from '../../apps/dvs-manager/src/configuration';
import { prepareDatabase } from '../../apps/dvs-manager/src/database/prepare-database';
import { createManager } from '../../apps/dvs-manager/src/manager';

export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Record<string, string | undefined>;
  body: T;
}

/** src/publishing/publisher.ts */
const PUBLISHER_LOCK = '31367303360968307';

/** Problem documents, loosely typed for tests. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  errors?: { in: string; field: string; reason: string }[];
  usedBy?: { kind: string; count: number; items: { id: string; name: string }[] }[];
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export class ManagerRig {
  private constructor(
    readonly postgres: EmbeddedServer,
    readonly config: ManagerConfig,
    readonly app: NestFastifyApplication,
    readonly token: string,
    private readonly nats: EmbeddedServer,
    private readonly folder: string,
    private readonly lockHolder: Client | null,
  ) {}

  /** `publishing` false: the outbox keeps what is written to it, as if another manager held the publisher's lock and slept. */
  static async start({
    publishing = true,
    postgresPort,
  }: { publishing?: boolean; postgresPort?: number } = {}): Promise<ManagerRig> {
    const folder = mkdtempSync(join(tmpdir(), 'opendvs-manager-api-'));
    chmodSync(folder, 0o711); // PostgreSQL runs as another user
    const postgres = await startPostgres({
      dataDir: join(folder, 'postgres'),
      fsync: false,
      ...(postgresPort ? { port: postgresPort } : {}),
    });
    const nats = await startNats({ dataDir: join(folder, 'nats') });
    const config = {
      ...managerConfigSchema.parse({ OPENDVS_DATA_DIR: folder }),
      DATABASE_URL: postgres.url,
      NATS_URL: nats.url,
    };
    const token = await prepareDatabase(config, () => undefined);
    const lockHolder = publishing ? null : await holdPublisherLock(postgres.url);
    const app = await createManager(config, new ConsoleLogger({ logLevels: ['error'] }));
    return new ManagerRig(postgres, config, app, token!, nats, folder, lockHolder);
  }

  get postgresDir(): string {
    return join(this.folder, 'postgres');
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.lockHolder?.end();
    await this.nats.stop();
    await this.postgres.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** `body` as an object is sent as JSON, as a string or buffer as it is. */
  async send<T = Record<string, unknown>>(
    method: Method,
    path: string,
    body?: unknown,
    headers: Record<string, string | undefined> = {},
  ): Promise<Answer<T>> {
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
    const response = await this.app.inject({
      method,
      url: path.startsWith('/api') || path.startsWith('//') ? path.replace(/^\/\//, '/') : `/api/v1${path}`,
      headers: withoutUndefined({
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      }),
      ...(body === undefined ? {} : { payload: isRaw ? body : JSON.stringify(body) }),
    });
    return {
      status: response.statusCode,
      headers: response.headers as Record<string, string | undefined>,
      body: (response.body && response.headers['content-type']?.toString().includes('json')
        ? response.json()
        : response.body) as T,
    };
  }

  /** As send, for what must succeed. */
  async ok<T = Record<string, unknown>>(...args: Parameters<ManagerRig['send']>): Promise<T> {
    const answer = await this.send<T>(...args);
    if (answer.status >= 300)
      throw new Error(`${args[0]} ${args[1]}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async sql<T extends object = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> {
    const client = new Client({ connectionString: this.postgres.url });
    await client.connect();
    try {
      return (await client.query<T>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Outbox rows after a revision, each checked against the contract of the bus. For a rig that doesn't publish. */
  async outboxAfter(revision: number) {
    const rows = await this.sql<{ revision: string; key: string; entry: unknown }>(
      'select revision, key, entry from outbox where revision > $1 order by revision',
      [revision],
    );
    return rows.map((row) => ({
      revision: Number(row.revision),
      key: row.key,
      entry: desiredEntrySchema.parse(row.entry),
    }));
  }

  async revision(): Promise<number> {
    return (await this.ok<{ revision: number }>('GET', '/revision')).revision;
  }
}

function withoutUndefined(headers: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

async function holdPublisherLock(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('select pg_advisory_lock($1)', [PUBLISHER_LOCK]);
  return client;
}

export interface Named {
  id: string;
  name: string;
  version: number;
  revision: number;
}

/** Jest's asymmetric matchers, typed so that lint keeps an eye on everything else. */
export const some = {
  text: expect.any(String) as unknown,
  number: expect.any(Number) as unknown,
  thing: expect.anything() as unknown,
  containing: (text: string): unknown => expect.stringContaining(text),
  matching: (pattern: RegExp): unknown => expect.stringMatching(pattern),
  listWith: (items: unknown[]): unknown => expect.arrayContaining(items),
};

/** Compares an answer with the problem that it should be, and the revision with what it was: a refusal changes nothing. */
export class RefusalCheck {
  private revision = 0;

  constructor(private readonly rig: () => ManagerRig) {}

  /** From here on nothing may change. */
  async begin(): Promise<void> {
    this.revision = await this.rig().revision();
  }

  async expect(
    answer: { status: number; headers: object; body: Problem },
    status: number,
    slug: string,
  ): Promise<void> {
    expect(answer).toMatchObject({
      status,
      headers: { 'content-type': some.containing('application/problem+json') },
      body: { type: `https://opendvs.dev/problems/${slug}`, title: some.text, status, detail: some.text },
    });
    expect(answer.body.detail.length).toBeGreaterThan(10);
    expect(await this.rig().revision()).toBe(this.revision);
  }
}

let serial = 0;
/** A name that no other object of the test file has. */
export function aName(prefix: string): string {
  serial += 1;
  return `${prefix}-${serial}`;
}

/** A switch with a host in it and a port group: what a port needs. */
export async function aPlace(rig: ManagerRig, groupSettings: object = {}) {
  const dvs = await rig.ok<Named>('POST', '/switches', { name: aName('switch') });
  const host = await rig.ok<Named>('POST', '/hosts', { name: aName('host') });
  await rig.ok('PUT', `/switches/${dvs.id}/hosts/${host.id}`);
  const group = await rig.ok<Named>('POST', '/port-groups', {
    switchId: dvs.id,
    name: aName('group'),
    vlanId: 100,
    ...groupSettings,
  });
  return { dvs, host, group, port: { portGroupId: group.id, hostId: host.id } };
}
