/** PostgreSQL and NATS as services of an installation. */
import { join } from 'node:path';
import type { EmbeddedServer } from '@opendvs/embedded';
import type { Service } from './service';

export interface ServerStart {
  dataDir: string;
  port: number;
}

export class ServerService implements Service {
  private server: EmbeddedServer | null = null;
  private lastUrl = '';

  constructor(
    readonly name: string,
    private readonly where: ServerStart & { logName: string },
    private readonly startServer: (where: ServerStart) => Promise<EmbeddedServer>,
  ) {}

  get pids(): readonly number[] {
    const pid = this.server?.pid;
    return pid === undefined ? [] : [pid];
  }

  get logFile(): string {
    return join(this.where.dataDir, this.where.logName);
  }

  /** A secret; the same after every start. */
  get url(): string {
    return this.lastUrl;
  }

  async start(): Promise<void> {
    this.server ??= await this.startServer(this.where);
    this.lastUrl = this.server.url;
  }

  async stop(): Promise<void> {
    await this.server?.stop();
    this.server = null;
  }
}
