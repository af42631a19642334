/**
 * Watches vswitchd itself. The database server outlives it and a bridge's connection may go because the bridge went, so neither tells
 * whether the switch runs; a connection to its control socket does: it ends in the moment in which the process ends, and a process that
 * hangs answers no echo.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JsonRpcConnection, type Json } from '@opendvs/ovsdb';

/** vswitchd is busy for seconds when thousands of ports change at once. */
const PROBE_INTERVAL_MS = 4000;

export class VswitchdControl {
  private constructor(
    private readonly connection: JsonRpcConnection,
    /** Names this start of vswitchd: no other process has had the same pid and start time. */
    readonly startId: string,
    /** "3.1.0" */
    readonly version: string,
  ) {}

  /** @throws Error (of any kind) when no vswitchd runs with this run directory */
  static async open(runDir: string, signal: AbortSignal): Promise<VswitchdControl> {
    const pid = Number(readFileSync(join(runDir, 'ovs-vswitchd.pid'), 'utf8'));
    const startId = `${pid}-${startTimeOf(pid)}`;
    const connection = await JsonRpcConnection.connect({
      socketPath: controlSocket(runDir, pid),
      probeIntervalMs: PROBE_INTERVAL_MS,
      signal,
    });
    const version = versionIn(await connection.request('version', []));
    return new VswitchdControl(connection, startId, version);
  }

  get closed(): JsonRpcConnection['closed'] {
    return this.connection.closed;
  }

  close(): void {
    this.connection.close();
  }
}

/** The program's name is part of the socket's, and not the same in all packages. */
function controlSocket(runDir: string, pid: number): string {
  const name = readdirSync(runDir).find((file) => file.endsWith(`.${pid}.ctl`));
  if (name === undefined) throw new Error(`there is no control socket of process ${pid} in ${runDir}`);
  return join(runDir, name);
}

/** In clock ticks since the machine's start: field 22 of /proc/<pid>/stat, proc(5); field 2 may hold spaces. */
function startTimeOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
}

function versionIn(answer: Json): string {
  const text = typeof answer === 'string' ? answer : '';
  return /\(Open vSwitch\) (\S+)/.exec(text)?.[1] ?? 'of unknown version';
}
