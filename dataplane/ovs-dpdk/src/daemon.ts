/** One child process in the foreground whose output goes to a file, and which dies with us. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Command } from './commands';

export interface DaemonExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const STOP_DEADLINE_MS = 10_000;

export class Daemon {
  /** Settles when the process is gone, whoever ended it. */
  readonly exited: Promise<DaemonExit>;
  private hasExited = false;

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
  ) {
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.hasExited = true;
        resolve({ code, signal });
      });
    });
  }

  /**
   * @param outputFile where standard output and error go, appended to
   * @throws Error when the program cannot be run
   */
  static async start(name: string, { command, args, env }: Command, outputFile: string): Promise<Daemon> {
    const output = openSync(outputFile, 'a', 0o640);
    try {
      // setpriv replaces itself by the program: the pid is the program's own.
      const child = spawn('setpriv', ['--pdeathsig', 'SIGTERM', command, ...args], {
        env: { ...process.env, ...env },
        stdio: ['ignore', output, output],
        detached: true, // a session of its own: Ctrl-C in a terminal is for whoever stops the daemons in order
      });
      const daemon = new Daemon(name, child);
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', () => resolve());
        child.once('error', (error) =>
          reject(new Error(`cannot run ${name}: ${error.message}`, { cause: error })),
        );
      });
      return daemon;
    } finally {
      closeSync(output);
    }
  }

  get pid(): number {
    return this.child.pid!;
  }

  get isRunning(): boolean {
    return !this.hasExited;
  }

  /** Asks it to end, insists after ten seconds, and returns when it is gone. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.child.kill('SIGTERM');
    const insist = setTimeout(() => this.child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.exited;
    clearTimeout(insist);
  }
}
