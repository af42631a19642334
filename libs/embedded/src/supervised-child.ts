/**
 * A server that lives as long as its parent wants it: started, restarted with a growing pause when it dies by itself, and
 * never left behind (the kernel signals it when the parent dies, however it dies).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { once } from 'node:events';

export interface ChildCommand {
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  /** Run as this user; only root can. */
  user?: { uid: number; gid: number };
}

export interface SupervisedChildOptions {
  name: string;
  command: ChildCommand;
  logFile: string;
  /** Sent to stop it, and by the kernel when the parent dies. */
  stopSignal: NodeJS.Signals;
  /** After so long it is killed. */
  stopTimeoutMs?: number;
  onExit?: (detail: string) => void;
}

const RESTART_PAUSE_MS = { first: 100, longest: 5000 };

export class SupervisedChild {
  private child: ChildProcess | null = null;
  private stopping = false;
  private pauseMs = RESTART_PAUSE_MS.first;
  private restartTimer: NodeJS.Timeout | null = null;

  constructor(private readonly options: SupervisedChildOptions) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  start(): void {
    const { command, logFile, stopSignal } = this.options;
    mkdirSync(dirname(logFile), { recursive: true });
    const log = openSync(logFile, 'a', 0o600);
    const asUser = command.user
      ? ['--reuid', `${command.user.uid}`, '--regid', `${command.user.gid}`, '--clear-groups']
      : [];
    const args = [
      ...asUser,
      '--pdeathsig',
      stopSignal.replace('SIG', ''),
      '--',
      command.command,
      ...command.args,
    ];
    const startedAt = Date.now();
    this.child = spawn('setpriv', args, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...command.env },
      detached: true, // a session of its own: Ctrl-C in a terminal is for the parent, which stops its children in order
    });
    closeSync(log);
    this.child.once('error', (error) => this.exited(`could not be started: ${error.message}`, startedAt));
    this.child.once('exit', (code, signal) =>
      this.exited(`ended with ${signal ?? `code ${code}`}`, startedAt),
    );
  }

  /** Resolves once it is gone. Safe to call twice. */
  async stop(): Promise<void> {
    this.stopping = true;
    if (this.restartTimer) clearTimeout(this.restartTimer);
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = once(child, 'exit');
    child.kill(this.options.stopSignal);
    const killer = setTimeout(() => child.kill('SIGKILL'), this.options.stopTimeoutMs ?? 10_000);
    await gone;
    clearTimeout(killer);
  }

  private exited(detail: string, startedAt: number): void {
    this.child = null;
    if (this.stopping) return;
    this.options.onExit?.(`${this.options.name} ${detail}; its log is ${this.options.logFile}`);
    if (Date.now() - startedAt > 30_000) this.pauseMs = RESTART_PAUSE_MS.first;
    this.restartTimer = setTimeout(() => this.start(), this.pauseMs);
    this.pauseMs = Math.min(this.pauseMs * 2, RESTART_PAUSE_MS.longest);
  }
}
