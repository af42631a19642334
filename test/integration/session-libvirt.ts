/** A libvirtd of a test's own: an unprivileged user's session in a temporary folder, so that nothing of the machine's is touched. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@opendvs/testing';

const run = promisify(execFile);
/** Uid of "nobody" everywhere. */
const UNPRIVILEGED = 65534;

export class SessionLibvirt {
  private readonly dir = mkdtempSync(join(tmpdir(), 'opendvs-libvirt-'));
  private daemon: ChildProcess | null = null;

  async start(): Promise<void> {
    chmodSync(this.dir, 0o755);
    for (const name of ['run', 'config', 'config/libvirt', 'cache', 'home', 'huge']) {
      mkdirSync(join(this.dir, name), { mode: 0o700 });
      chownSync(join(this.dir, name), UNPRIVILEGED, UNPRIVILEGED);
    }
    await run('mount', [
      '-t',
      'hugetlbfs',
      '-o',
      `uid=${UNPRIVILEGED},gid=${UNPRIVILEGED},mode=0700`,
      'none',
      join(this.dir, 'huge'),
    ]);
    writeFileSync(
      join(this.dir, 'config/libvirt/qemu.conf'),
      `hugetlbfs_mount = "${join(this.dir, 'huge')}"\n`,
    );
    const [command, ...args] = this.unprivileged('libvirtd');
    this.daemon = spawn(command, args, { env: this.env, stdio: 'ignore' });
    await eventually('libvirtd answers', () => this.virsh('version'), { timeoutMs: 45_000, intervalMs: 200 });
  }

  async stop(): Promise<void> {
    const { daemon } = this;
    if (daemon && daemon.exitCode === null) {
      const ended = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill('SIGTERM');
      await ended;
    }
    await run('umount', [join(this.dir, 'huge')]);
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Defines a domain, checking it against the schema, and gives what libvirt made of it. */
  async define(xml: string): Promise<string> {
    const name = /<name>([^<]*)<\/name>/.exec(xml)?.[1] ?? '';
    await this.virsh('define', '--validate', this.write(xml));
    const defined = await this.virsh('dumpxml', '--inactive', name);
    await this.virsh('undefine', name);
    return defined;
  }

  /** Where QEMU can make a socket. */
  get socketDir(): string {
    return join(this.dir, 'run');
  }

  /**
   * Starts a domain as far as it comes without a switch: QEMU waits for one on each vhost-user socket. `seen` is asked until it says yes.
   * @throws what libvirt says when it refuses the domain
   */
  async startUntil(xml: string, what: string, seen: () => boolean): Promise<void> {
    const name = /<name>([^<]*)<\/name>/.exec(xml)?.[1] ?? '';
    let refusal: Error | null = null;
    const starting = this.virsh('create', '--paused', this.write(xml)).catch(
      (error: Error) => (refusal = error),
    );
    try {
      await eventually(what, () => seen() || refusal !== null, { timeoutMs: 20_000, intervalMs: 50 });
      if (refusal) throw refusal as Error;
    } finally {
      if (!refusal) await this.virsh('destroy', name).catch(unlessGone); // a start that is cut off leaves nothing
      await starting;
    }
  }

  qemuArguments(xml: string): Promise<string> {
    return this.virsh('domxml-to-native', 'qemu-argv', this.write(xml));
  }

  private async virsh(...args: string[]): Promise<string> {
    const [command, ...rest] = this.unprivileged('virsh', '-q', '-c', 'qemu:///session', ...args);
    const { stdout } = await run(command, rest, { env: this.env });
    return stdout;
  }

  private write(xml: string): string {
    const path = join(this.dir, 'domain.xml');
    writeFileSync(path, xml);
    return path;
  }

  private unprivileged(...command: string[]): [string, ...string[]] {
    return [
      'setpriv',
      `--reuid=${UNPRIVILEGED}`,
      `--regid=${UNPRIVILEGED}`,
      '--clear-groups',
      '--pdeathsig=SIGTERM',
      ...command,
    ];
  }

  private get env(): NodeJS.ProcessEnv {
    const { dir } = this;
    return {
      PATH: process.env.PATH,
      LIBVIRT_AUTOSTART: '0', // virsh would start a daemon that nobody stops
      HOME: join(dir, 'home'),
      XDG_RUNTIME_DIR: join(dir, 'run'),
      XDG_CONFIG_HOME: join(dir, 'config'),
      XDG_CACHE_HOME: join(dir, 'cache'),
    };
  }
}

function unlessGone(error: Error): void {
  if (!error.message.includes('Domain not found')) throw error;
}
