/** The manager, or an agent: a program of ours, run from dist/. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SupervisedChild } from '@opendvs/embedded';
import { repositoryRoot } from '../../../dataplane/host/src/repository';
import type { OnIncident, Service } from './service';

export interface ProgramOptions {
  name: string;
  /** Below dist/apps: `dvs-manager`. */
  app: string;
  /** Read at every start by this object; a restart after a death has the same. */
  env: () => Record<string, string>;
  logDir: string;
  /** Rejects, or resolves to false, as long as it isn't ready. */
  isReady: () => Promise<boolean>;
  onIncident: OnIncident;
}

const START_TIMEOUT_MS = 30_000;
const POLL_MS = 25;
/** A program that ends so often before it was ready won't be. */
const DEATHS_TOLERATED = 3;
const LOG_LINES_SHOWN = 5;

export class ProgramService implements Service {
  readonly name: string;
  readonly logFile: string;
  private child: SupervisedChild | null = null;
  private deaths = 0;

  constructor(private readonly options: ProgramOptions) {
    this.name = options.name;
    this.logFile = join(options.logDir, `${options.name}.log`);
  }

  get pids(): readonly number[] {
    const pid = this.child?.pid;
    return pid === undefined ? [] : [pid];
  }

  async start(): Promise<void> {
    const { name, app, env, onIncident } = this.options;
    this.child = new SupervisedChild({
      name,
      command: {
        command: process.execPath,
        args: ['--enable-source-maps', join(repositoryRoot(), 'dist/apps', app, 'src/main.js')],
        env: env(),
      },
      logFile: this.logFile,
      stopSignal: 'SIGTERM',
      onExit: (line) => {
        this.deaths += 1;
        onIncident(line);
      },
    });
    this.deaths = 0;
    this.child.start();
    await this.untilReady();
  }

  async stop(): Promise<void> {
    await this.child?.stop();
    this.child = null;
  }

  /** Kills it without warning; it is started again by itself. */
  kill(): void {
    for (const pid of this.pids) process.kill(pid, 'SIGKILL');
  }

  private async untilReady(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      let reason = 'it answers, but is not ready';
      try {
        if (await this.options.isReady()) return;
      } catch (error) {
        reason = (error as Error).message;
      }
      if (this.deaths > DEATHS_TOLERATED)
        throw new Error(
          `${this.name} ends again and again; ${this.logFile} ends with:\n${this.lastLogLines()}`,
        );
      if (Date.now() > deadline)
        throw new Error(
          `${this.name} is not ready after ${START_TIMEOUT_MS / 1000} s (${reason}); its log is ${this.logFile}`,
        );
      await pause(POLL_MS);
    }
  }

  private lastLogLines(): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n');
  }
}
