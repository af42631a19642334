/**
 * Process ids are given again; a process is known for certain by its id and the moment it was started (proc(5), stat field 22, in clock
 * ticks since the machine's boot).
 */
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  pid: number;
  startTicks: number;
}

/** null: there is no such process (any more); one that has ended and wasn't waited for counts as gone. */
export function processIdentity(pid: number): ProcessIdentity | null {
  const stat = readStat(pid);
  if (stat === null) return null;
  // the second field, the program's name in parentheses, may hold anything
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0]!, Number(fields[19])];
  return state === 'Z' || state === 'X' ? null : { pid, startTicks };
}

/** Whether that very process still runs. */
export function isSameProcess(identity: ProcessIdentity): boolean {
  return processIdentity(identity.pid)?.startTicks === identity.startTicks;
}

function readStat(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}
