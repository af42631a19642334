/** Reads every port's counters at an interval: for the manager, for Prometheus and for the local API. */
import { setTimeout as delay } from 'node:timers/promises';
import { EngineUnavailableError, type DataplaneDriver } from '@opendvs/dataplane';
import type { PortCounters } from '@opendvs/model';
import type { AgentLogger } from '../agent-logger';
import { errorMessage } from '../error-message';

export class CountersSampler {
  private samples: ReadonlyMap<string, PortCounters> = new Map();
  private failing = false;

  constructor(
    private readonly driver: Pick<DataplaneDriver, 'readCounters'>,
    private readonly intervalMs: number,
    private readonly logger: AgentLogger,
    private readonly onSample: (takenAt: Date, ports: readonly PortCounters[]) => void,
  ) {}

  /** As read last, by port id. Empty while the engine is away. */
  latest(): ReadonlyMap<string, PortCounters> {
    return this.samples;
  }

  async run(signal: AbortSignal): Promise<void> {
    let nextAt = performance.now() + this.intervalMs;
    while (!signal.aborted) {
      await delay(Math.max(0, nextAt - performance.now()), undefined, { signal }).catch(() => 'aborted');
      if (signal.aborted) return;
      nextAt = Math.max(nextAt + this.intervalMs, performance.now());
      await this.sample(signal);
    }
  }

  private async sample(signal: AbortSignal): Promise<void> {
    try {
      const ports = await this.driver.readCounters(
        AbortSignal.any([signal, AbortSignal.timeout(this.intervalMs)]),
      );
      this.samples = new Map(ports.map((counters) => [counters.portId, counters]));
      this.failing = false;
      this.onSample(new Date(), ports);
    } catch (error) {
      if (signal.aborted) return;
      this.samples = new Map();
      // That the engine is away is told elsewhere.
      if (!this.failing && !(error instanceof EngineUnavailableError)) {
        this.logger.warn('Counters could not be read', {
          error: errorMessage(error),
        });
      }
      this.failing = true;
    }
  }
}
