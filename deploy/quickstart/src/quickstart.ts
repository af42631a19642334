/** `npm run quickstart`, after provisioning and build: an installation, the demonstration on it, and the end of both. */
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort } from '@opendvs/embedded';
import { demonstrate } from './demonstration';
import { Installation, type InstallationOptions } from './installation';
import type { Progress } from './progress';
import { buildScene } from './scene';
import { simulate } from './simulation';
import { StateDir } from './state-dir';
import { Vms } from './vms';

export interface QuickstartOptions {
  /** Hosts to simulate; null: the real thing. */
  simulatedHosts: number | null;
  /** Ends after the demonstration, instead of staying up until it is interrupted. */
  exitAtEnd: boolean;
  progress: Progress;
  /** Asks to end: Ctrl-C, or SIGTERM. */
  interrupted: AbortSignal;
}

const HTTP_PORT_PREFERRED = 8420;
/** Every userspace datapath of Open vSwitch has this device; two can't share a network namespace. */
const USERSPACE_DATAPATH_DEVICE = '/sys/class/net/ovs-netdev';

/** @returns whether every step and check succeeded */
export async function quickstart(options: QuickstartOptions): Promise<boolean> {
  const { progress, interrupted, exitAtEnd } = options;
  const { stateDir, leftovers } = await StateDir.claim();
  if (leftovers > 0) progress.print(`  Ended ${leftovers} processes that an earlier quickstart had left.`);
  const run = new Run(options, stateDir);
  const ended = run.play().then(
    () => null,
    (error: Error) => error,
  );
  const interruption = interrupted.aborted
    ? Promise.resolve()
    : once(interrupted, 'abort').then(() => undefined);
  const error = await Promise.race([ended, interruption]);
  if (error === null) {
    run.summarize();
    if (!exitAtEnd) await interruption;
  } else if (error && progress.failures.length === 0) progress.print(`✗ ${error.message}`);
  const succeeded = error === null && progress.failures.length === 0;
  await run.stop(ended, succeeded || interrupted.aborted);
  return succeeded;
}

class Run {
  private installation: Installation | null = null;
  private vms: Vms | null = null;

  constructor(
    private readonly options: QuickstartOptions,
    private readonly stateDir: StateDir,
  ) {}

  /** Builds and shows everything. @throws what made going on pointless; a failed check doesn't */
  async play(): Promise<void> {
    const { progress, simulatedHosts } = this.options;
    const isReal = simulatedHosts === null;
    const vms = isReal ? await this.prepareVms() : null;
    this.installation = await Installation.create(await this.installationOptions());
    await this.installation.start(progress);
    this.stateDir.record(this.installation.pids);
    if (!vms) return simulate(this.installation, progress);
    const scene = await buildScene(this.installation, vms, progress);
    progress.print('');
    await demonstrate(scene, progress, this.options.interrupted);
  }

  /** In the reverse order, also what is still being started. */
  async stop(played: Promise<unknown>, isClean: boolean): Promise<void> {
    const { progress } = this.options;
    const { runDir } = this.stateDir;
    try {
      await progress.step('Stopping', async (tell) => {
        await this.vms?.stop();
        await this.installation?.stop();
        await played;
        await this.installation?.stop();
        tell(this.vms ? 'VMs destroyed, all processes ended' : 'all processes ended');
      });
    } finally {
      this.stateDir.release({ keepRun: !isClean });
      if (!isClean)
        progress.print(
          `  Logs are kept in ${runDir} until the next run: ${join(runDir, 'logs')}, ovs/*.log, vms/*.console.log`,
        );
    }
  }

  summarize(): void {
    const { progress, simulatedHosts, exitAtEnd } = this.options;
    const { failures } = progress;
    const { apiUrl, tokenFile, logDir } = this.installation!;
    progress.print('');
    progress.print(failures.length === 0 ? '✓ Everything shown held.' : `✗ Failed: ${failures.join('; ')}`);
    if (simulatedHosts !== null)
      progress.print('  This was a SIMULATION: no packet was forwarded by anything.');
    if (exitAtEnd) return;
    const rows = [
      ['API', `${apiUrl}/api/v1`],
      ['Its description', `${apiUrl}/api/docs`],
      ['Log in', `export DVSCTL_SERVER=${apiUrl} DVSCTL_TOKEN_FILE=${tokenFile}`],
      ['', 'bin/dvsctl port list'],
      ['or', `curl -H "Authorization: Bearer $(cat ${tokenFile})" ${apiUrl}/api/v1/ports`],
      ...(simulatedHosts === null ? [['VMs', 'virsh -c qemu:///system list']] : []),
      ['Logs', logDir],
    ];
    for (const [what, how] of rows) progress.print(`  ${what!.padEnd(16)}${how}`);
    progress.print('\nCtrl-C stops everything and cleans up.');
  }

  private async prepareVms(): Promise<Vms> {
    const { runDir } = this.stateDir;
    return this.options.progress.step('libvirt', async (tell) => {
      const { vms, destroyed } = await Vms.prepare(join(runDir, 'vms'), join(runDir, 'logs'));
      this.vms = vms;
      const left = destroyed > 0 ? `; destroyed ${destroyed} VMs of an earlier quickstart` : '';
      tell(`${vms.libvirtIsOurs ? 'started' : 'is running already'}${left}`);
      return vms;
    });
  }

  private async installationOptions(): Promise<InstallationOptions> {
    const { progress, simulatedHosts } = this.options;
    const hosts = simulatedHosts ?? 1;
    const ownNetwork = simulatedHosts === null && existsSync(USERSPACE_DATAPATH_DEVICE);
    if (ownNetwork)
      progress.print(
        '  Another userspace Open vSwitch runs on this machine: ours gets a network namespace of its own.',
      );
    return {
      runDir: this.stateDir.runDir,
      engine: simulatedHosts === null ? 'ovs-dpdk' : 'sim',
      hostNames: Array.from({ length: hosts }, (_, index) => `host-${index + 1}`),
      httpPort: await httpPort(progress),
      countersIntervalMs: 1000,
      ownNetwork,
      onIncident: (line) => progress.print(`! ${line}`),
    };
  }
}

async function httpPort(progress: Progress): Promise<number> {
  const server = createServer().listen(HTTP_PORT_PREFERRED, '127.0.0.1');
  try {
    await once(server, 'listening');
    return HTTP_PORT_PREFERRED;
  } catch (error) {
    const port = await freePort();
    progress.print(
      `  Port ${HTTP_PORT_PREFERRED} can't be used (${(error as Error).message}): the API is on ${port}.`,
    );
    return port;
  } finally {
    server.close();
  }
}
