/** Managers without their HTTP side on a real PostgreSQL and a real nats-server, and a host's agent as far as the bus can tell. */
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConsoleLogger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { DESIRED_BUCKET, type DesiredEntry, desiredEntrySchema, desiredKeys } from '@opendvs/contracts';
import { startNats, startPostgres } from '@opendvs/embedded';
import { natsOptions } from '@opendvs/messaging';
import { Client } from 'pg';
import { type ManagerConfig, managerConfigSchema } from '../../apps/dvs-manager/src/configuration';
import { prepareDatabase } from '../../apps/dvs-manager/src/database/prepare-database';
import { createManager } from '../../apps/dvs-manager/src/manager';

type Server = Awaited<ReturnType<typeof startPostgres>>;

export class Rig {
  /** The administrator's, in every copy of the template. */
  private token = '';
  private readonly closers: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly dir: string,
    private postgres: Server,
  ) {}

  static async start(): Promise<Rig> {
    const dir = mkdtempSync(join(tmpdir(), 'opendvs-managerbus-'));
    chmodSync(dir, 0o755);
    const postgres = await startPostgres({ dataDir: join(dir, 'postgres'), fsync: false });
    const rig = new Rig(dir, postgres);
    await rig.sql('create database template', rig.databaseUrl('postgres'));
    rig.token = (await prepareDatabase(rig.config('template', 'nats://127.0.0.1'), () => undefined))!;
    return rig;
  }

  databaseUrl(name: string): string {
    const url = new URL(this.postgres.url);
    url.pathname = `/${name}`;
    return url.href;
  }

  config(database: string, natsUrl: string): ManagerConfig {
    const environment = {
      DATABASE_URL: this.databaseUrl(database),
      NATS_URL: natsUrl,
      OPENDVS_DATABASE_CONNECTIONS: '8',
    };
    return managerConfigSchema.parse(environment) as ManagerConfig;
  }

  async sql<R>(statement: string, url: string): Promise<R[]> {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(statement)).rows as R[];
    } finally {
      await client.end();
    }
  }

  stopPostgres(): Promise<void> {
    return this.postgres.stop();
  }

  async startPostgresAgain(): Promise<void> {
    const port = Number(new URL(this.postgres.url).port);
    this.postgres = await startPostgres({ dataDir: join(this.dir, 'postgres'), port, fsync: false });
  }

  /** A fresh database, a copy of `template`. */
  async newDatabase(template = 'template'): Promise<string> {
    const name = `db_${randomUUID().replaceAll('-', '')}`;
    await this.sql(`create database ${name} template ${template}`, this.databaseUrl('postgres'));
    return name;
  }

  async newNats(): Promise<TestNats> {
    const nats = await TestNats.start(join(this.dir, `nats-${randomUUID()}`));
    this.later(() => nats.stop());
    return nats;
  }

  async manager(database: string, natsUrl: string): Promise<TestManager> {
    const logger = process.env.VERBOSE ? new ConsoleLogger() : false;
    const app = await createManager(this.config(database, natsUrl), logger);
    const manager = new TestManager(app, this.token);
    this.later(() => manager.stop());
    return manager;
  }

  later(close: () => Promise<unknown>): void {
    this.closers.push(close);
  }

  /** Ends what a test started. */
  async clean(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) await close();
  }

  async stop(): Promise<void> {
    await this.clean();
    await this.postgres.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A nats-server that can be killed, and come back with or without its files. */
export class TestNats {
  private constructor(
    private readonly dir: string,
    private server: Server,
    private readonly port: number,
    readonly url: string,
  ) {}

  static async start(dir: string): Promise<TestNats> {
    const server = await startNats({ dataDir: dir });
    return new TestNats(dir, server, Number(new URL(server.url).port), server.url);
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }

  async startAgain(options: { wiped?: boolean } = {}): Promise<void> {
    if (options.wiped) rmSync(join(this.dir, 'jetstream'), { recursive: true, force: true });
    this.server = await startNats({ dataDir: this.dir, port: this.port });
  }

  connect(): Promise<NatsConnection> {
    return connect(natsOptions(this.url, 'spec'));
  }
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
  /** Of the change; null when nothing had to change. */
  revision: number | null;
}

type Made = { id: string; revision: number };

export class TestManager {
  private stopped = false;

  constructor(
    readonly app: NestFastifyApplication,
    readonly token: string,
  ) {}

  get<T>(type: abstract new (...args: never[]) => T): T {
    return this.app.get<T>(type);
  }

  /** @param path below /api/v1 */
  async request(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<Answer> {
    const answer = await this.app.inject({
      method,
      url: path === '/metrics' ? path : `/api/v1${path}`,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(method === 'PATCH' ? { 'if-match': '*' } : {}),
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      payload: body ? JSON.stringify(body) : undefined,
    });
    const isJson = /json/.test(String(answer.headers['content-type'])) && answer.body !== '';
    const parsed = (isJson ? JSON.parse(answer.body) : { text: answer.body }) as Record<string, unknown>;
    const revision = answer.headers['opendvs-revision'];
    return {
      status: answer.statusCode,
      body: parsed,
      revision: revision === undefined ? null : Number(revision),
    };
  }

  /** @throws Error with the problem document unless it succeeded with 200, 201 or 204 */
  async change(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<Made> {
    const answer = await this.request(method, path, body);
    if (![200, 201, 204].includes(answer.status))
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return { id: answer.body.id as string, revision: answer.revision! };
  }

  createSwitch(name: string): Promise<Made> {
    return this.change('POST', '/switches', { name });
  }

  async setMtu(id: string, mtuBytes: number): Promise<number> {
    return (await this.change('PATCH', `/switches/${id}`, { mtuBytes })).revision;
  }

  /** A host in a switch, with a port group and so many ports on it. `revision`: of the last change. */
  async createHostWithPorts(count: number, hostId = randomUUID()): Promise<TestHost> {
    const { id: switchId } = await this.createSwitch(`switch of ${hostId}`);
    await this.change('POST', '/hosts', { id: hostId, name: hostId, engine: 'sim' });
    await this.change('PUT', `/switches/${switchId}/hosts/${hostId}`);
    const { id: portGroupId } = await this.change('POST', '/port-groups', {
      switchId,
      name: 'group',
      type: 'access',
      vlanId: 1,
    });
    const create = Array.from({ length: count }, (_, i) => ({ portGroupId, hostId, name: `port ${i}` }));
    const bulk = await this.request('POST', '/ports/bulk', { create });
    if (bulk.status !== 200) throw new Error(JSON.stringify(bulk.body));
    const created = bulk.body.created as { id: string }[];
    return { hostId, switchId, portGroupId, portIds: created.map(({ id }) => id), revision: bulk.revision! };
  }

  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    await this.app.close();
  }
}

export interface TestHost {
  hostId: string;
  switchId: string;
  portGroupId: string;
  portIds: string[];
  revision: number;
}

/** Every message of the bucket as it is stored, in order, since this was made. */
export class BucketRecorder {
  readonly seen: { key: string; entry: DesiredEntry; at: number }[] = [];

  private constructor(private readonly nats: NatsConnection) {}

  static async open(natsUrl: string): Promise<BucketRecorder> {
    const recorder = new BucketRecorder(await connect(natsOptions(natsUrl, 'recorder')));
    const prefix = `$KV.${DESIRED_BUCKET}.`;
    recorder.nats.subscribe(`${prefix}>`, {
      callback: (_error, message) => {
        const entry = readEntry(message.string());
        recorder.seen.push({ key: message.subject.slice(prefix.length), entry, at: performance.now() });
      },
    });
    await recorder.nats.flush();
    return recorder;
  }

  close(): Promise<void> {
    return this.nats.close();
  }
}

/** The bucket's content by key; null when there is none. */
export async function readBucket(natsUrl: string): Promise<Map<string, DesiredEntry> | null> {
  const nats = await connect(natsOptions(natsUrl, 'reader'));
  try {
    const manager = await jetstreamManager(nats);
    const info = await manager.streams.info(`KV_${DESIRED_BUCKET}`).catch(() => null);
    if (!info) return null;
    const content = new Map<string, DesiredEntry>();
    if (info.state.messages === 0) return content;
    const bucket = await new Kvm(nats).open(DESIRED_BUCKET);
    for await (const entry of await bucket.watch()) {
      if (entry.operation === 'PUT') content.set(entry.key, readEntry(entry.string()));
      if (entry.delta === 0) break;
    }
    return content;
  } finally {
    await nats.close();
  }
}

/** Garbage stands for itself, as a tombstone that nobody wrote. */
function readEntry(text: string): DesiredEntry {
  const parsed = desiredEntrySchema.safeParse(text.startsWith('{') ? JSON.parse(text) : null);
  return parsed.success ? parsed.data : { kind: 'port', revision: -1, object: null };
}

/** Resolves when `condition` gives something truthy. @throws Error naming what didn't come */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 10_000,
): Promise<NonNullable<T>> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > giveUpAt) throw new Error(`in ${timeoutMs} ms there was no: ${what}`);
    await sleep(10);
  }
}

/** Waits until the bucket has an entry of this revision. @returns its content then */
export function untilPublished(
  natsUrl: string,
  revision: number,
  timeoutMs = 10_000,
): Promise<Map<string, DesiredEntry>> {
  return until(
    `revision ${revision} on the bus`,
    async () => {
      const content = await readBucket(natsUrl);
      return content && [...content.values()].some((entry) => entry.revision >= revision) ? content : null;
    },
    timeoutMs,
  );
}

export function withoutMeta(content: Map<string, DesiredEntry>): Map<string, DesiredEntry> {
  return new Map([...content].filter(([key]) => key !== desiredKeys.meta));
}

/** Keys in the order in which the bucket stored their latest entries. */
export async function storedOrder(natsUrl: string): Promise<string[]> {
  return [...(await readBucket(natsUrl))!.keys()];
}

export async function mtuOf(natsUrl: string, switchId: string): Promise<number | undefined> {
  const entry = (await readBucket(natsUrl))?.get(desiredKeys.switch(switchId));
  return entry?.kind === 'switch' ? entry.object?.mtuBytes : undefined;
}

/** Removes entries without a trace, as a damaged store would. */
export async function purgeKeys(natsUrl: string, keys: readonly string[]): Promise<void> {
  const nats = await connect(natsOptions(natsUrl, 'spec'));
  try {
    const { streams } = await jetstreamManager(nats);
    for (const key of keys)
      await streams.purge(`KV_${DESIRED_BUCKET}`, { filter: `$KV.${DESIRED_BUCKET}.${key}` });
  } finally {
    await nats.close();
  }
}
