/**
 * Simulated VMs of other processes. Where QEMU would listen on a port's socket, a file beside that path stands for a
 * simulated VM: while it is there, the VM is connected, and what the file lists is what it sends. So a demonstration or a test can plug
 * VMs into an agent that runs elsewhere, knowing nothing but the port's socket path.
 */
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { PortSpec } from './sim-objects';
import type { SimulatedEngine } from './simulated-engine';
import { FRAME_CLASSES, type OfferedLoad } from './simulated-traffic';

const POLL_INTERVAL_MS = 200;

/** Connects a simulated VM to the port of that socket, or changes what the one there sends. */
export async function plugSimulatedVm(
  socketPath: string,
  offers: readonly OfferedLoad[] = [],
): Promise<void> {
  const file = guestFilePath(socketPath);
  const beside = `${file}.new`;
  await writeFile(beside, JSON.stringify({ offers }));
  await rename(beside, file);
}

export async function unplugSimulatedVm(socketPath: string): Promise<void> {
  await rm(guestFilePath(socketPath), { force: true });
}

function guestFilePath(socketPath: string): string {
  return `${socketPath}.guest.json`;
}

/**
 * Connects and disconnects the engine's VMs as the files beside its ports' sockets come and go. A file that makes no sense
 * is a fault of its port. Doesn't keep the process alive.
 * @param onError told of folders that can't be read; they are looked at again
 * @returns what ends it
 */
export function followGuestFiles(engine: SimulatedEngine, onError: (error: unknown) => void): () => void {
  const follower = new GuestFileFollower(engine);
  let looking: Promise<void> | null = null;
  const timer = setInterval(() => {
    looking ??= follower
      .look()
      .catch(onError)
      .finally(() => (looking = null));
  }, POLL_INTERVAL_MS).unref();
  return () => clearInterval(timer);
}

export class GuestFileFollower {
  /** By port id: which writing of its file we have followed. */
  private readonly followed = new Map<string, string>();

  constructor(private readonly engine: SimulatedEngine) {}

  async look(): Promise<void> {
    const ports = this.engine.inspect().flatMap(({ spec }) => (spec.kind === 'port' ? [spec] : []));
    const present = await filesBeside(ports);
    for (const port of ports) {
      const file = guestFilePath(port.socketPath);
      if (present.has(file)) await this.follow(port, file);
      else this.unplug(port.portId);
    }
  }

  private async follow(port: PortSpec, file: string): Promise<void> {
    try {
      const { ino, mtimeMs } = await stat(file);
      const writing = `${ino} ${mtimeMs}`;
      if (this.followed.get(port.portId) === writing) return;
      this.followed.set(port.portId, writing);
      const offers = readOffers(await readFile(file, 'utf8'));
      this.engine.connectVm(port.portId);
      this.engine.offer(port.portId, offers);
      this.engine.setPortFault(port.portId, null);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.engine.setPortFault(
        port.portId,
        `the simulated VM in ${file} cannot be read: ${reason}; write {"offers": []}`,
      );
    }
  }

  private unplug(portId: string): void {
    if (!this.followed.delete(portId)) return;
    this.engine.setPortFault(portId, null);
    this.engine.disconnectVm(portId);
  }
}

async function filesBeside(ports: readonly PortSpec[]): Promise<Set<string>> {
  const folders = new Set(ports.map(({ socketPath }) => dirname(socketPath)));
  const files = new Set<string>();
  for (const folder of folders) {
    for (const name of await readdir(folder).catch(noneIfMissing)) files.add(`${folder}/${basename(name)}`);
  }
  return files;
}

function noneIfMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

function readOffers(text: string): OfferedLoad[] {
  const { offers } = JSON.parse(text) as { offers?: unknown };
  if (!Array.isArray(offers) || !offers.every(isOffer)) throw new Error('"offers" is not a list of loads');
  return offers;
}

function isOffer(value: unknown): value is OfferedLoad {
  const { frameClass, packetsPerSecond, frameBytes, toPortId } = (value ?? {}) as Record<string, unknown>;
  const isCount = (number: unknown) => typeof number === 'number' && Number.isFinite(number) && number >= 0;
  const isClass = FRAME_CLASSES.some((known) => known === frameClass);
  return (
    isClass &&
    isCount(packetsPerSecond) &&
    isCount(frameBytes) &&
    ['string', 'undefined'].includes(typeof toPortId)
  );
}
