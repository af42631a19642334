/**
 * A whole OpenDVS on one machine, each part a process of its own: PostgreSQL, NATS, OVS-DPDK (or none, when simulated), a manager, and an
 * agent for each host. Parts start in that order and stop in the reverse; what dies is started again. Everything that they keep is in one
 * folder. The end-to-end tests run the same.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createApiClient, type ApiClient } from '@opendvs/api-client';
import { freePort, startNats, startPostgres } from '@opendvs/embedded';
import type { Engine } from '@opendvs/model';
import { OvsService } from './ovs-service';
import { ProgramService } from './program-service';
import type { Progress } from './progress';
import { ServerService } from './server-service';
import type { OnIncident, Service } from './service';

export interface InstallationOptions {
  /** Absolute; made anew. At most 60 bytes, as sockets are below it; QEMU's user must be able to enter it. */
  runDir: string;
  engine: Engine;
  /** One agent each; several only when simulated. */
  hostNames: readonly string[];
  httpPort: number;
  /** Default 5000. */
  countersIntervalMs?: number;
  /** Whether PostgreSQL waits for the disk. Default true. */
  fsync?: boolean;
  /** OVS-DPDK in a network namespace of its own: for machines where another userspace Open vSwitch runs. */
  ownNetwork?: boolean;
  onIncident: OnIncident;
}

export interface InstalledHost {
  id: string;
  name: string;
  vhostSocketDir: string;
  agent: ProgramService;
}

export class Installation {
  readonly postgres: ServerService;
  readonly nats: ServerService;
  /** null: simulated. */
  readonly ovs: OvsService | null;
  readonly manager: ProgramService;
  readonly hosts: InstalledHost[];
  readonly apiUrl: string;
  readonly tokenFile: string;
  readonly logDir: string;
  private readonly abort = new AbortController();
  private client: ApiClient | null = null;
  private readonly started: Service[] = [];

  private constructor(
    private readonly options: InstallationOptions,
    ports: { postgres: number; nats: number },
  ) {
    const { runDir } = options;
    this.logDir = join(runDir, 'logs');
    this.tokenFile = join(runDir, 'admin-token');
    this.apiUrl = `http://127.0.0.1:${options.httpPort}`;
    this.postgres = new ServerService(
      'PostgreSQL',
      { dataDir: join(runDir, 'postgresql'), port: ports.postgres, logName: 'postgres.log' },
      (where) => startPostgres({ ...where, fsync: options.fsync ?? true, onLog: options.onIncident }),
    );
    this.nats = new ServerService(
      'NATS',
      { dataDir: join(runDir, 'nats'), port: ports.nats, logName: 'nats-server.log' },
      (where) => startNats({ ...where, onLog: options.onIncident }),
    );
    this.ovs = options.engine === 'ovs-dpdk' ? this.createOvs() : null;
    this.manager = this.createManager();
    this.hosts = options.hostNames.map((name) => this.createHost(name));
  }

  static async create(options: InstallationOptions): Promise<Installation> {
    return new Installation(options, { postgres: await freePort(), nats: await freePort() });
  }

  get api(): ApiClient {
    this.client ??= createApiClient({
      server: this.apiUrl,
      token: readFileSync(this.tokenFile, 'utf8').trim(),
      userAgent: 'opendvs-quickstart',
      timeoutMs: 10_000,
      retryForMs: 10_000,
      signal: this.abort.signal,
    });
    return this.client;
  }

  /** Of everything that runs now. */
  get pids(): number[] {
    return this.started.flatMap(({ pids }) => [...pids]);
  }

  /** Starts everything, each part a step. @throws what kept a part from starting; the rest runs, until `stop` */
  async start(progress: Progress): Promise<void> {
    mkdirSync(this.logDir, { recursive: true, mode: 0o755 });
    const { ovs } = this;
    await this.startService(this.postgres, progress, () => 'embedded, on loopback');
    await this.startService(this.nats, progress, () => 'with JetStream, on loopback');
    if (ovs) await this.startService(ovs, progress, () => ovs.running.version);
    await this.startService(this.manager, progress, () => `API at ${this.apiUrl}`);
    for (const host of this.hosts) {
      mkdirSync(dirname(host.vhostSocketDir), { recursive: true, mode: 0o755 }); // for QEMU's user to enter
      await this.registerHost(host);
      await this.startService(
        host.agent,
        progress,
        () => `host ${host.name} is registered, and its agent reports`,
      );
    }
  }

  /** In the reverse order. Every part is tried, whatever happens to others; a start under way ends after its present part. */
  async stop(): Promise<void> {
    this.abort.abort(new Error('the installation is being stopped'));
    const failures: unknown[] = [];
    for (const service of this.started.splice(0).reverse()) {
      await service.stop().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0)
      throw new AggregateError(
        failures,
        `not everything could be stopped: ${failures.map(String).join('; ')}`,
      );
  }

  private async startService(service: Service, progress: Progress, detail: () => string): Promise<void> {
    await progress.step(service.name, async (tell) => {
      this.abort.signal.throwIfAborted();
      this.started.push(service);
      await service.start();
      tell(detail());
    });
  }

  private async registerHost({ id, name, vhostSocketDir }: InstalledHost): Promise<void> {
    await this.api.collection('hosts').create({ id, name, engine: this.options.engine, vhostSocketDir });
  }

  private createOvs(): OvsService {
    return new OvsService(
      {
        runDir: join(this.options.runDir, 'ovs'),
        dpdk: {
          lcoreMask: coreMask('first'),
          pmdCpuMask: coreMask('last'),
          socketMemMib: 512,
          extra: '--no-pci --in-memory',
        },
        pmdMaxSleepUs: 250,
        ownNetwork: this.options.ownNetwork ?? false,
      },
      this.options.onIncident,
    );
  }

  private createManager(): ProgramService {
    const { runDir, httpPort, onIncident } = this.options;
    const { postgres, nats, apiUrl, tokenFile } = this;
    return new ProgramService({
      name: 'dvs-manager',
      app: 'dvs-manager',
      // read when it starts: the servers have their addresses by then
      env: () => ({
        DATABASE_URL: postgres.url,
        NATS_URL: nats.url,
        OPENDVS_DATA_DIR: join(runDir, 'manager'),
        OPENDVS_HTTP_PORT: `${httpPort}`,
        OPENDVS_ADMIN_TOKEN_FILE: tokenFile,
      }),
      logDir: this.logDir,
      isReady: async () => (await fetch(`${apiUrl}/readyz`, { signal: AbortSignal.timeout(2000) })).ok,
      onIncident,
    });
  }

  private createHost(name: string): InstalledHost {
    const { runDir, engine, countersIntervalMs, onIncident } = this.options;
    const id = randomUUID();
    const vhostSocketDir = join(runDir, name, 'vhost');
    const agent = new ProgramService({
      name: `host-agent-${name}`,
      app: 'host-agent',
      env: () => ({
        NATS_URL: this.nats.url,
        OPENDVS_HOST_ID: id,
        OPENDVS_ENGINE: engine,
        OPENDVS_VHOST_SOCKET_DIR: vhostSocketDir,
        OPENDVS_AGENT_STATE_DIR: join(runDir, name, 'state'),
        OPENDVS_AGENT_SOCKET: join(runDir, name, 'agent.sock'),
        OPENDVS_METRICS_PORT: '0',
        OPENDVS_OVS_RUNDIR: join(runDir, 'ovs'),
        OPENDVS_OVSDB_SOCKET: join(runDir, 'ovs', 'db.sock'),
        ...(countersIntervalMs === undefined
          ? {}
          : { OPENDVS_COUNTERS_INTERVAL_MS: `${countersIntervalMs}` }),
      }),
      logDir: this.logDir,
      isReady: async () => (await this.api.collection('hosts').get(id)).value.status.engine?.up === true,
      onIncident,
    });
    return { id, name, vhostSocketDir, agent };
  }
}

/** Of the cores that this process may use. The last one polls, away from where most else runs. */
function coreMask(which: 'first' | 'last'): string {
  const allowed =
    /^Cpus_allowed:\s+([0-9a-f,]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '1';
  const bits = BigInt(`0x${allowed.replaceAll(',', '')}`).toString(2);
  const core = which === 'last' ? bits.length - 1 : bits.length - 1 - bits.lastIndexOf('1');
  return `0x${(1n << BigInt(core)).toString(16)}`;
}
