/** Managers without their HTTP side on a real PostgreSQL and a real nats-server, and a host's agent as far as the bus can tell. */
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { DESIRED_BUCKET, type DesiredEntry, desiredEntrySchema } from '@opendvs/contracts';
import { startNats, startPostgres } from '@opendvs/embedded';
import { natsOptions } from '@opendvs/messaging';
import { Client } from 'pg';
import { AppModule } from '../../apps/dvs-manager/src/app.module';
import { ChangeTransactions } from '../../apps/dvs-manager/src/changes/change-transactions.service';
import {
  hostEntry,
  portEntry,
  portGroupEntry,
  switchEntry,
  tombstone,
} from '../../apps/dvs-manager/src/changes/desired-entry';
import { type ManagerConfig, managerConfigSchema } from '../../apps/dvs-manager/src/configuration';
import { prepareDatabase } from '../../apps/dvs-manager/src/database/prepare-database';
import { HostEntity } from '../../apps/dvs-manager/src/hosts/host.entity';
import { PortGroupEntity } from '../../apps/dvs-manager/src/port-groups/port-group.entity';
import { PortEntity } from '../../apps/dvs-manager/src/ports/port.entity';
import { MembershipEntity, SwitchEntity } from '../../apps/dvs-manager/src/switches/switch.entity';

type Server = Awaited<ReturnType<typeof startPostgres>>;

export class Rig {
  private readonly closers: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly dir: string,
    readonly postgres: Server,
  ) {}

  static async start(): Promise<Rig> {
    const dir = mkdtempSync(join(tmpdir(), 'opendvs-managerbus-'));
    chmodSync(dir, 0o755);
    const postgres = await startPostgres({ dataDir: join(dir, 'postgres'), fsync: false });
    const rig = new Rig(dir, postgres);
    await rig.sql('create database template', rig.databaseUrl('postgres'));
    await prepareDatabase(rig.config('template', ''), () => undefined);
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
    const module = AppModule.forRoot(this.config(database, natsUrl));
    const app = await NestFactory.createApplicationContext(module, {
      abortOnError: false,
      logger: process.env.VERBOSE ? undefined : false,
    });
    const manager = new TestManager(app);
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

export class TestManager {
  private stopped = false;

  constructor(readonly app: INestApplicationContext) {}

  get<T>(type: abstract new (...args: never[]) => T): T {
    return this.app.get<T>(type);
  }

  /** Makes a switch as the API does, in a transaction of its own. */
  async createSwitch(name: string, mtuBytes = 1500): Promise<{ id: string; revision: number }> {
    const id = randomUUID();
    const revision = await this.get(ChangeTransactions).run('spec', async (tx) => {
      const times = { createdAt: new Date(), updatedAt: new Date() };
      const row = tx.em.create(SwitchEntity, {
        id,
        name,
        description: '',
        mode: 'user-mode',
        mtuBytes,
        vlanPools: null,
        ...times,
      });
      tx.em.persist(row);
      tx.record({
        action: 'create',
        kind: 'switch',
        objectId: id,
        objectName: name,
        before: null,
        after: () => ({ id, name }),
        rows: [{ table: 'switches', row }],
        publish: () => switchEntry(row),
        concern: null,
      });
      return ({ lastRevision }) => lastRevision!;
    });
    return { id, revision };
  }

  async setMtu(id: string, mtuBytes: number): Promise<number> {
    return this.get(ChangeTransactions).run('spec', async (tx) => {
      const row = await tx.em.findOneOrFail(SwitchEntity, { id });
      row.mtuBytes = mtuBytes;
      tx.record({
        action: 'update',
        kind: 'switch',
        objectId: id,
        objectName: row.name,
        before: null,
        after: () => ({ id }),
        rows: [{ table: 'switches', row }],
        publish: () => switchEntry(row),
        concern: null,
      });
      return ({ lastRevision }) => lastRevision!;
    });
  }

  async deleteSwitch(id: string): Promise<number> {
    return this.get(ChangeTransactions).run('spec', async (tx) => {
      const row = await tx.em.findOneOrFail(SwitchEntity, { id });
      tx.em.remove(row);
      tx.record({
        action: 'delete',
        kind: 'switch',
        objectId: id,
        objectName: row.name,
        before: null,
        after: null,
        rows: [],
        publish: (revision) => tombstone('switch', `shared.switch.${id}`, revision),
        concern: null,
      });
      return ({ lastRevision }) => lastRevision!;
    });
  }

  /** A host in a switch with a port group and so many ports on it, in one transaction. */
  async createHostWithPorts(count: number): Promise<{ hostId: string; portIds: string[]; revision: number }> {
    const { id: switchId } = await this.createSwitch(`switch of ${count} ${randomUUID()}`);
    const [hostId, portGroupId] = [randomUUID(), randomUUID()];
    const times = { createdAt: new Date(), updatedAt: new Date() };
    const portIds = Array.from({ length: count }, () => randomUUID());
    const suppression = {
      observeOnly: false,
      arpBroadcast: null,
      ipBroadcast: null,
      allBroadcast: null,
      multicast: null,
      unknownUnicast: null,
    };
    const revision = await this.get(ChangeTransactions).run('spec', async (tx) => {
      const host = tx.em.create(HostEntity, {
        id: hostId,
        name: hostId,
        engine: 'sim',
        vhostSocketDir: '/run/x',
        ...times,
      });
      const membership = tx.em.create(MembershipEntity, { switchId, hostId, createdAt: new Date() });
      const group = tx.em.create(PortGroupEntity, {
        id: portGroupId,
        switchId,
        name: 'group',
        description: '',
        vlan: { type: 'access', vlanId: 1 },
        adminStatus: 'up',
        broadcastSuppression: suppression,
        ...times,
      });
      tx.em.persist(host);
      await tx.em.flush();
      tx.em.persist([membership, group]);
      await tx.em.flush();
      const record = (
        kind: 'host' | 'port-group' | 'port',
        objectId: string,
        row: { id: string; revision: number },
        table: 'hosts' | 'port_groups' | 'ports',
        publish: () => ReturnType<typeof hostEntry>,
        after: object,
      ) =>
        tx.record({
          action: 'create',
          kind,
          objectId,
          objectName: objectId,
          before: null,
          after: () => after,
          rows: [{ table, row }],
          publish,
          concern: null,
        });
      record('port-group', portGroupId, group, 'port_groups', () => portGroupEntry(group), {});
      record(
        'host',
        hostId,
        host,
        'hosts',
        () => hostEntry(host, { switchIds: [switchId], uplinkGroups: [] }),
        {},
      );
      portIds.forEach((id, i) => {
        const port = tx.em.create(PortEntity, {
          id,
          name: `port-${i}`,
          switchId,
          portGroupId,
          hostId,
          number: i + 1,
          macAddress: `02:00:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`,
          queues: 1,
          ringSize: 256,
          vmId: null,
          vmName: null,
          ...times,
        });
        tx.em.persist(port);
        record('port', id, port, 'ports', () => portEntry(port), { hostId });
      });
      return ({ lastRevision }) => lastRevision!;
    });
    return { hostId, portIds, revision };
  }

  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    await this.app.close();
  }
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
        const entry = desiredEntrySchema.parse(message.json());
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
      if (entry.operation === 'PUT') content.set(entry.key, desiredEntrySchema.parse(entry.json()));
      if (entry.delta === 0) break;
    }
    return content;
  } finally {
    await nats.close();
  }
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
    if (value) return value as NonNullable<T>;
    if (performance.now() > giveUpAt) throw new Error(`in ${timeoutMs} ms there was no: ${what}`);
    await sleep(10);
  }
}
