/**
 * Where a quickstart keeps its things: one folder a machine (or user), in it one folder a run. A record says which process owns it, so that a
 * second quickstart at the same time is refused, and what a killed one left is cleared away before the next.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isSameProcess, processIdentity, type ProcessIdentity } from '@opendvs/host';

interface Owner {
  quickstart: ProcessIdentity;
  /** What it started, as far as recorded. */
  processes: ProcessIdentity[];
}

const LEFTOVERS_TIMEOUT_MS = 10_000;

export function defaultStateDir(): string {
  if (process.getuid?.() === 0) return '/var/lib/opendvs-quickstart';
  return join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local/state'), 'opendvs-quickstart');
}

export class StateDir {
  /** Of this run. */
  readonly runDir: string;

  private constructor(private readonly folder: string) {
    this.runDir = join(folder, `${process.pid}`);
  }

  /**
   * @returns also the number of processes that an earlier run had left and that were ended
   * @throws Error when another quickstart runs
   */
  static async claim(folder = defaultStateDir()): Promise<{ stateDir: StateDir; leftovers: number }> {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    const stateDir = new StateDir(folder);
    const earlier = stateDir.readOwner();
    if (earlier && isSameProcess(earlier.quickstart)) {
      throw new Error(
        `another quickstart runs as process ${earlier.quickstart.pid}: stop it first (Ctrl-C there, or kill ${earlier.quickstart.pid})`,
      );
    }
    const leftovers = earlier ? await endProcesses(earlier.processes) : 0;
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
    stateDir.record([]);
    mkdirSync(stateDir.runDir, { mode: 0o755 });
    return { stateDir, leftovers };
  }

  /** Keeps the processes for the run after this one, should this one be killed. */
  record(pids: readonly number[]): void {
    const processes = pids.map(processIdentity).filter((identity) => identity !== null);
    const owner: Owner = { quickstart: processIdentity(process.pid)!, processes };
    writeFileSync(this.ownerFile, JSON.stringify(owner, null, 2), { mode: 0o600 });
  }

  /** @param keepRun for people who want to look at its logs; the next run removes it */
  release({ keepRun }: { keepRun: boolean }): void {
    if (!keepRun) rmSync(this.runDir, { recursive: true, force: true });
    rmSync(this.ownerFile, { force: true });
  }

  private get ownerFile(): string {
    return join(this.folder, 'owner.json');
  }

  private readOwner(): Owner | null {
    return existsSync(this.ownerFile) ? (JSON.parse(readFileSync(this.ownerFile, 'utf8')) as Owner) : null;
  }
}

/** The kernel has asked most to end when their parent died; this waits for them, and insists. */
async function endProcesses(identities: readonly ProcessIdentity[]): Promise<number> {
  const left = identities.filter(isSameProcess);
  for (const { pid } of left) process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + LEFTOVERS_TIMEOUT_MS;
  while (left.some(isSameProcess) && Date.now() < deadline) await pause(50);
  for (const { pid } of left.filter(isSameProcess)) process.kill(pid, 'SIGKILL');
  return left.length;
}
