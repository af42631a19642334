/** A test guest: a transient libvirt domain that boots in about three seconds and runs commands. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GuestControl, type CommandResult, type GuestCommand } from './control';
import { renderGuestDomain, type GuestSpec } from './domain-xml';
import type { GuestImage } from './image';
import { virsh } from './libvirt';

export interface StartGuestOptions extends GuestSpec {
  image: GuestImage;
  /** For the domain's XML, its console's log and its control socket; its path at most 60 bytes. */
  workDir: string;
  /** Default 60,000. */
  bootTimeoutMs?: number;
}

export class Guest {
  private constructor(
    readonly name: string,
    /** The `<interface>` elements it was started with. */
    readonly interfaces: readonly string[],
    private readonly control: GuestControl,
  ) {}

  /** Resolves once it has booted and its addresses are set. @throws with the console log's path; nothing is left running then */
  static async start(options: StartGuestOptions): Promise<Guest> {
    const { name, workDir } = options;
    mkdirSync(workDir, { recursive: true, mode: 0o755 });
    const file = (suffix: string) => join(workDir, `${name}.${suffix}`);
    const files = { controlSocket: file('ctl'), consoleLog: file('console.log') };
    rmSync(files.controlSocket, { force: true });
    writeFileSync(file('xml'), renderGuestDomain(options, options.image, files), { mode: 0o600 });
    await virsh('create', file('xml'));
    try {
      const control = await GuestControl.connect(name, files.controlSocket, options.bootTimeoutMs ?? 60_000);
      return new Guest(name, options.interfaces, control);
    } catch (error) {
      await destroyGuest(name);
      throw new Error(`${(error as Error).message}; its console's log is ${files.consoleLog}`, {
        cause: error,
      });
    }
  }

  /** Starts a command of sh, and returns at once. */
  start(command: string): GuestCommand {
    return this.control.start(command);
  }

  /** Runs a command of sh to its end, whatever its exit code. */
  run(command: string): Promise<CommandResult> {
    return this.start(command).ended;
  }

  /** @returns the output @throws when the exit code isn't 0 */
  async expect(command: string): Promise<string> {
    const { code, lines } = await this.run(command);
    if (code !== 0)
      throw new Error(`in guest ${this.name}, "${command}" ended with ${code}: ${lines.join(' / ')}`);
    return lines.join('\n');
  }

  /** MAC address of eth0. */
  async macAddress(): Promise<string> {
    return this.expect('cat /sys/class/net/eth0/address');
  }

  /** Pulls the plug. Fine when it is gone already. */
  async destroy(): Promise<void> {
    this.control.close();
    await destroyGuest(this.name);
  }
}

export async function destroyGuest(name: string): Promise<void> {
  const running = await guestNames(name);
  if (running.includes(name)) await virsh('destroy', name);
}

/** Names of the running domains that begin so. */
export async function guestNames(prefix: string): Promise<string[]> {
  const names = await virsh('list', '--name');
  return names.split('\n').filter((name) => name.startsWith(prefix));
}
