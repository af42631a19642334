/**
 * A host agent on a real NATS server and the simulated engine: in this process, where the engine can be looked at and damaged, or as a
 * process of its own, which can be killed. The manager's side of the bus is a fake that fills the real bucket.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { INestMicroservice } from '@nestjs/common';
import { Kvm, type KV } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import {
  allHostsSubject,
  countersReportSchema,
  DESIRED_BUCKET,
  heartbeatSchema,
  statusReportSchema,
  type CountersReport,
  type DesiredEntry,
  type Heartbeat,
  type StatusReport,
} from '@opendvs/contracts';
import { SimDriver, type SimObject, type SimulatedEngine } from '@opendvs/driver-sim';
import { freePort, startNats } from '@opendvs/embedded';
import { natsOptions } from '@opendvs/messaging';
import type { Port, PortGroup, PortStatus, Switch } from '@opendvs/model';
import { eventually, FakeManager } from '@opendvs/testing';
import type { AgentConfig } from '../../apps/host-agent/src/agent-config';
import type { AgentLogger } from '../../apps/host-agent/src/agent-logger';
import { SIMULATED_ENGINE_FILE } from '../../apps/host-agent/src/drivers';
import { createAgent } from '../../apps/host-agent/src/create-agent';

const ROOT = join(__dirname, '../..');

/** A filled bucket. */
export interface World {
  dvs: Switch;
  group: PortGroup;
  ports: Port[];
}

/** What the manager would know of the host from its reports, each checked against its schema. */
export class Reports {
  readonly heartbeats: Heartbeat[] = [];
  readonly statuses: StatusReport[] = [];
  readonly counters: CountersReport[] = [];
  readonly ports = new Map<string, PortStatus>();

  take(subject: string, payload: unknown): void {
    const kind = subject.split('.').at(-1);
    if (kind === 'heartbeat') this.heartbeats.push(heartbeatSchema.parse(payload));
    else if (kind === 'counters') this.counters.push(countersReportSchema.parse(payload));
    else this.takeStatus(statusReportSchema.parse(payload));
  }

  get applied(): StatusReport['appliedRevisions'] {
    return this.statuses.at(-1)?.appliedRevisions ?? { host: 0, shared: 0 };
  }

  get standing(): string | undefined {
    return this.heartbeats.at(-1)?.desiredState;
  }

  private takeStatus(report: StatusReport): void {
    this.statuses.push(report);
    if (report.full && report.part === 0) this.ports.clear();
    for (const port of report.ports) this.ports.set(port.portId, port);
    for (const id of report.gone) this.ports.delete(id);
  }
}

export class AgentRig {
  reports = new Reports();
  readonly manager: FakeManager;
  readonly config: AgentConfig;
  private server: Awaited<ReturnType<typeof startNats>> | null = null;
  private connection: NatsConnection | null = null;
  private agent: INestMicroservice | null = null;
  private child: ChildProcess | null = null;
  private output = '';

  private constructor(
    readonly dir: string,
    private readonly port: number,
  ) {
    this.manager = new FakeManager(undefined, (key, entry) => this.put(key, entry));
    this.config = {
      hostId: this.manager.hostId,
      natsUrl: '',
      engine: 'sim',
      ovsdbSocket: '/nowhere',
      ovsRundir: '/nowhere',
      vhostSocketDir: '/run/opendvs/vhost',
      vhostSocketUser: 'nobody',
      vhostSocketGroup: 'nogroup',
      stateDir: join(dir, 'state'),
      agentSocket: join(dir, 'agent.sock'),
      metricsAddress: '127.0.0.1',
      metricsPort: 0,
      countersIntervalMs: 250,
      logLevel: 'info',
    };
  }

  /** With a NATS server and an empty bucket. */
  static async start(config: Partial<AgentConfig> = {}): Promise<AgentRig> {
    const rig = new AgentRig(await mkdtemp(join(tmpdir(), 'opendvs-agent-')), await freePort());
    Object.assign(rig.config, config);
    await rig.startBus();
    return rig;
  }

  async dispose(): Promise<void> {
    await this.stopAgent();
    this.kill();
    await this.stopBus();
    await rm(this.dir, { recursive: true });
  }

  async startBus(): Promise<void> {
    this.server = await startNats({ dataDir: join(this.dir, 'nats'), port: this.port });
    this.config.natsUrl = this.server.url;
    this.connection = await connect({ ...natsOptions(this.server.url, 'fake manager') });
    const { connection } = this;
    await this.makeBucket();
    const subscription = connection.subscribe(allHostsSubject);
    void (async () => {
      for await (const message of subscription) this.reports.take(message.subject, message.json());
    })();
    await connection.flush();
  }

  async stopBus(): Promise<void> {
    await this.connection?.close();
    await this.server?.stop();
    this.connection = this.server = null;
  }

  /** As when JetStream's disk was lost: the server comes back with nothing. */
  async loseStore(): Promise<void> {
    await this.stopBus();
    await rm(join(this.dir, 'nats/jetstream'), { recursive: true });
  }

  get bus(): NatsConnection {
    if (!this.connection) throw new Error('the bus is stopped');
    return this.connection;
  }

  async makeBucket(): Promise<void> {
    await new Kvm(this.bus).create(DESIRED_BUCKET, { history: 1 });
  }

  bucket(): Promise<KV> {
    return new Kvm(this.bus).open(DESIRED_BUCKET);
  }

  async put(key: string, entry: DesiredEntry | string): Promise<void> {
    if (!this.connection) return; // the manager edits while the bus is away; it fills later
    await (await this.bucket()).put(key, typeof entry === 'string' ? entry : JSON.stringify(entry));
  }

  /** Fills the bucket: one switch, one port group, `count` ports. */
  async fillWorld(count = 2): Promise<World> {
    const { manager } = this;
    const dvs = await manager.putSwitch();
    const group = await manager.putPortGroup(dvs);
    const ports: Port[] = [];
    for (let number = 1; number <= count; number++) ports.push(await manager.putPort(group, { number }));
    await manager.putHost([dvs]);
    await manager.putMeta();
    return { dvs, group, ports };
  }

  /** An agent in this process. */
  async startAgent(engine: SimulatedEngine, config: Partial<AgentConfig> = {}): Promise<void> {
    this.reports = new Reports();
    const settings = { ...this.config, ...config };
    this.agent = await createAgent({ config: settings, logger: silent, driver: new SimDriver(engine) });
    void this.agent.listen();
    await this.untilItAnswers();
  }

  async stopAgent(): Promise<void> {
    await this.agent?.close();
    this.agent = null;
  }

  /** An agent as a process of its own, built from this tree; its engine is kept in its state folder. */
  async spawnAgent(): Promise<void> {
    await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/build.mjs')]);
    this.output = '';
    this.child = this.spawnMain();
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    await this.untilItAnswers();
  }

  /** Another one with the same configuration, until it ends. */
  async runSecondAgent(): Promise<{ code: number | null; output: string }> {
    const child = this.spawnMain();
    let output = '';
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, 'exit')) as [number | null];
    return { code, output };
  }

  /** Ids of the ports that the spawned agent's engine has, as it keeps them. */
  async simulatedPorts(): Promise<string[]> {
    const objects = JSON.parse(
      await readFile(join(this.config.stateDir, SIMULATED_ENGINE_FILE), 'utf8'),
    ) as SimObject[];
    return objects.flatMap(({ spec }) => (spec.kind === 'port' ? [spec.portId] : []));
  }

  /** As a crash would: nothing is closed, nothing is finished. */
  kill(): void {
    this.child?.kill('SIGKILL');
  }

  async untilGone(): Promise<{ code: number | null; signal: string | null }> {
    const { child } = this;
    if (!child) throw new Error('no agent was spawned');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return { code: child.exitCode, signal: child.signalCode };
  }

  terminate(): void {
    this.child?.kill('SIGTERM');
  }

  get log(): string {
    return this.output;
  }

  /** Of the agent's local API. */
  async get<T>(path: string): Promise<{ status: number; body: T }> {
    const asked = request({ socketPath: this.config.agentSocket, path });
    asked.end();
    const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return { status: response.statusCode ?? 0, body: JSON.parse(text) as T };
  }

  async status(): Promise<AgentStatus> {
    return (await this.get<AgentStatus>('/v1/status')).body;
  }

  /** All that the manager has published is acknowledged. */
  async untilApplied(): Promise<void> {
    const wanted = { host: 0, shared: 0 };
    for (const [key, { revision }] of this.manager.entries) {
      const stream = key.startsWith('host.') ? 'host' : 'shared';
      wanted[stream] = Math.max(wanted[stream], revision);
    }
    await eventually(`revisions ${JSON.stringify(wanted)} are applied`, () => {
      const { host, shared } = this.reports.applied;
      return host >= wanted.host && shared >= wanted.shared;
    });
  }

  private spawnMain(): ChildProcess {
    const { config } = this;
    const main = join(ROOT, 'dist/apps/host-agent/src/main.js');
    return spawn('setpriv', ['--pdeathsig', 'TERM', '--', process.execPath, main], {
      env: {
        PATH: process.env.PATH,
        OPENDVS_HOST_ID: config.hostId,
        NATS_URL: config.natsUrl,
        OPENDVS_ENGINE: config.engine,
        OPENDVS_OVSDB_SOCKET: config.ovsdbSocket,
        OPENDVS_OVS_RUNDIR: config.ovsRundir,
        OPENDVS_VHOST_SOCKET_DIR: config.vhostSocketDir,
        OPENDVS_VHOST_SOCKET_USER: config.vhostSocketUser,
        OPENDVS_VHOST_SOCKET_GROUP: config.vhostSocketGroup,
        OPENDVS_AGENT_STATE_DIR: config.stateDir,
        OPENDVS_AGENT_SOCKET: config.agentSocket,
        OPENDVS_METRICS_PORT: '0',
      },
    });
  }

  private async untilItAnswers(): Promise<void> {
    await eventually('the agent answers on its socket', () => this.status(), { timeoutMs: 10_000 });
  }
}

export interface AgentStatus {
  bus: { up: boolean };
  desiredState: { state: string; reason: string | null; revisions: { host: number; shared: number } | null };
  engine: { up: boolean };
  ports: Record<string, number>;
  problems: { object: string; message: string }[];
  totals: { rounds: number; stepsApplied: number; stepsFailed: number };
}

const silent: AgentLogger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
