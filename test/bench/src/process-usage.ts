/** What a process has used: proc(5). */
import { readFileSync } from 'node:fs';

export interface ProcessUsage {
  cpuSeconds: number;
  rssMib: number;
}

/** USER_HZ, fixed at 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export function processUsage(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const rssKib = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0);
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    rssMib: Math.round(rssKib / 1024),
  };
}

/** CPU used between two looks, memory at the second. */
export function usageBetween(before: ProcessUsage, after: ProcessUsage): ProcessUsage {
  return { cpuSeconds: Math.round((after.cpuSeconds - before.cpuSeconds) * 100) / 100, rssMib: after.rssMib };
}
