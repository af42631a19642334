/**
 * libvirt on machines with and without an init system: a running libvirtd is used, else virtlogd and libvirtd are started in the foreground
 * and stopped at the end. libvirt keeps one privileged instance on a machine (it locks /run/libvirt/qemu), so it has its usual places, and
 * `virsh list` shows the guests.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

const CONNECTION = 'qemu:///system';
const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 5000;
const VIRTLOGD_SOCKET = '/run/libvirt/virtlogd-sock';

/** `virsh ARGUMENTS`. @throws Error with what virsh said */
export async function virsh(...args: string[]): Promise<string> {
  try {
    const { stdout } = await run('virsh', ['--connect', CONNECTION, '--quiet', ...args], { timeout: 60_000 });
    return stdout;
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim();
    throw new Error(`virsh ${args.join(' ')}: ${said || (error as Error).message}`, { cause: error });
  }
}

export interface Libvirt {
  /** False: it was there before, and stays. */
  isOurs: boolean;
  /** Stops what was started here. Guests that still run are not touched. */
  stop(): Promise<void>;
}

/** @param logDir for the output of the daemons, if they have to be started */
export async function ensureLibvirt(logDir: string): Promise<Libvirt> {
  if (await answers()) return { isOurs: false, stop: async () => undefined };
  mkdirSync(logDir, { recursive: true });
  const daemons: ChildProcess[] = [];
  const libvirt: Libvirt = {
    isOurs: true,
    stop: async () => {
      for (const daemon of daemons.reverse()) await stopDaemon(daemon);
    },
  };
  try {
    if (!(await listens(VIRTLOGD_SOCKET))) daemons.push(startDaemon('virtlogd', logDir));
    daemons.push(startDaemon('libvirtd', logDir));
    await untilAnswers(logDir);
    return libvirt;
  } catch (error) {
    await libvirt.stop();
    throw error;
  }
}

async function answers(): Promise<boolean> {
  return virsh('uri').then(
    () => true,
    () => false, // whether it answers is the question
  );
}

async function untilAnswers(logDir: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      await virsh('uri');
      return;
    } catch (error) {
      if (Date.now() > deadline) {
        throw new Error(
          `libvirtd did not answer within ${START_TIMEOUT_MS} ms; its log is ${join(logDir, 'libvirtd.log')}`,
          { cause: error },
        );
      }
      await pause(50);
    }
  }
}

function startDaemon(name: string, logDir: string): ChildProcess {
  const log = openSync(join(logDir, `${name}.log`), 'a', 0o640);
  try {
    // A session of its own: Ctrl-C in the terminal is for the program that stops things in order.
    const child = spawn('setpriv', ['--pdeathsig', 'SIGTERM', `/usr/sbin/${name}`], {
      stdio: ['ignore', log, log],
      detached: true,
    });
    child.on('error', (error) => console.error(`${name} could not be started: ${error.message}`));
    return child;
  } finally {
    closeSync(log);
  }
}

async function stopDaemon(daemon: ChildProcess): Promise<void> {
  if (daemon.pid === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
  const gone = once(daemon, 'exit');
  daemon.kill('SIGTERM');
  const insist = setTimeout(() => daemon.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await gone;
  clearTimeout(insist);
}

async function listens(socketPath: string): Promise<boolean> {
  const socket = connect(socketPath);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false; // whether somebody listens is the question
  } finally {
    socket.destroy();
  }
}
