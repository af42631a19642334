/** The agent's life: what runs from start to stop, and in which order it begins and ends. */
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentParts, AgentPartsOptions } from './agent-parts';
import { DesiredWatch } from './desired-state/desired-watch';
import { ensureVhostSocketDir } from './host/vhost-socket-dir';
import { errorMessage } from './error-message';

/** How often the folder of the vhost-user sockets is looked after: somebody may remove it, or install QEMU late. */
const SOCKET_DIR_INTERVAL_MS = 5000;
/** Parts that wait for the end at one time; more would be a leak, of which Node then warns. */
const ABORT_LISTENERS_MAX = 100;

export class HostAgent implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly stopping = new AbortController();
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly options: Pick<AgentPartsOptions, 'config' | 'logger'>,
    private readonly parts: AgentParts,
  ) {}

  /** Begins everything and waits for nothing: neither the engine nor the bus need be there. */
  async onApplicationBootstrap(): Promise<void> {
    const { signal } = this.stopping;
    const { bus, source, reconciler, reporter, sampler, localServer, metricsServer, problems } = this.parts;
    const { config, logger } = this.options;
    reconciler.onChange((change) => reporter.portsChanged(change));
    problems.onChange(() => reporter.changed());
    if (config.engine !== 'sim') await this.tendSocketDir();
    const { version } = this.parts.identity;
    logger.info('The agent starts', { version, engine: config.engine, socket: config.agentSocket });
    await source.start();
    this.followDesiredState();
    reporter.start(signal);
    setMaxListeners(ABORT_LISTENERS_MAX, signal);
    this.running = Promise.all([
      reconciler.run(signal),
      bus.run(signal),
      sampler.run(signal),
      localServer.run(signal),
      metricsServer.run(signal),
      config.engine === 'sim' ? null : this.keepSocketDir(signal),
    ]);
  }

  /** Touches nothing in the dataplane: guests go on without the agent. */
  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await this.parts.source.stop();
  }

  private followDesiredState(): void {
    const { bus, source } = this.parts;
    const watch = new DesiredWatch(this.options.config.hostId, source);
    bus.onSession((session) => {
      void watch.run(session).then(() => {
        const { state } = bus;
        if (!state.up) source.interrupted(state.reason);
      });
    });
  }

  private async keepSocketDir(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(SOCKET_DIR_INTERVAL_MS, undefined, { signal }).catch(() => 'aborted');
      if (!signal.aborted) await this.tendSocketDir();
    }
  }

  private async tendSocketDir(): Promise<void> {
    const { config, logger } = this.options;
    let problem: string | null = null;
    try {
      await ensureVhostSocketDir({
        path: config.vhostSocketDir,
        user: config.vhostSocketUser,
        group: config.vhostSocketGroup,
      });
    } catch (error) {
      problem = errorMessage(error);
    }
    if (this.parts.problems.set('vhost-socket-dir', problem) && problem) logger.error(problem);
  }
}
