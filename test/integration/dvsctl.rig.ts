/** dvsctl before a real manager on real PostgreSQL and NATS, with a real host agent on the simulated engine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestMicroservice } from '@nestjs/common';
import { SimDriver, SimulatedEngine } from '@opendvs/driver-sim';
import { eventually } from '@opendvs/testing';
import type { AgentConfig } from '../../apps/host-agent/src/agent-config';
import { createAgent } from '../../apps/host-agent/src/create-agent';
import { runCli } from '../../apps/dvsctl/src/run-cli';
import { fakeIo } from '../../apps/dvsctl/testing/fake-io';
import { ManagerRig } from './manager-api-rig';

export interface Called {
  code: number;
  stdout: string;
  stderr: string;
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export class DvsctlRig {
  readonly engine = new SimulatedEngine();
  private agent: INestMicroservice | null = null;

  private constructor(
    readonly manager: ManagerRig,
    readonly url: string,
    readonly dir: string,
  ) {}

  static async start(): Promise<DvsctlRig> {
    const manager = await ManagerRig.start();
    await manager.app.listen(0, '127.0.0.1');
    const url = (await manager.app.getUrl()).replace(/\/$/, '');
    return new DvsctlRig(manager, url, mkdtempSync(join(tmpdir(), 'opendvs-dvsctl-')));
  }

  async stop(): Promise<void> {
    await this.agent?.close();
    await this.manager.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  async dvsctl(args: string[], stdin?: string): Promise<Called> {
    const env = { DVSCTL_SERVER: this.url, DVSCTL_TOKEN: this.manager.token };
    const { io, stdout, stderr } = fakeIo({ env, homeDir: this.dir, stdin });
    const code = await runCli(args, io);
    return { code, stdout: stdout(), stderr: stderr() };
  }

  /** What must succeed; gives stdout. The line is split at blanks. */
  async ok(line: string, stdin?: string): Promise<string> {
    const { code, stdout, stderr } = await this.dvsctl(line.split(' '), stdin);
    if (code !== 0) throw new Error(`dvsctl ${line}: status ${code}: ${stderr}`);
    return stdout;
  }

  /** As an object. */
  async json<T = Record<string, unknown>>(line: string): Promise<T> {
    return JSON.parse(await this.ok(`${line} -o json`)) as T;
  }

  /** The agent of a host, until the manager hears it. */
  async startAgent(hostName: string): Promise<void> {
    const { id } = await this.json<{ id: string }>(`host get ${hostName}`);
    const config: AgentConfig = {
      hostId: id,
      natsUrl: this.manager.config.NATS_URL,
      engine: 'sim',
      ovsdbSocket: '/nowhere',
      ovsRundir: '/nowhere',
      vhostSocketDir: '/run/opendvs/vhost',
      vhostSocketUser: 'nobody',
      vhostSocketGroup: 'nogroup',
      stateDir: join(this.dir, 'state'),
      agentSocket: join(this.dir, 'agent.sock'),
      metricsAddress: '127.0.0.1',
      metricsPort: 0,
      countersIntervalMs: 250,
      logLevel: 'error',
    };
    this.agent = await createAgent({ config, logger: silent, driver: new SimDriver(this.engine) });
    void this.agent.listen();
    await eventually(
      'the host is alive',
      async () => (await this.dvsctl(['host', 'wait', hostName, '--timeout', '1s'])).code === 0,
      {
        timeoutMs: 15_000,
      },
    );
  }

  async stopAgent(): Promise<void> {
    await this.agent?.close();
    this.agent = null;
  }
}
