/** The manager's own metrics. Rates of ports are not among them: agents export those. */
import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

@Injectable()
export class ManagerMetrics {
  readonly registry = new Registry();

  readonly badMessages = new Counter({
    name: 'opendvs_manager_bad_messages_total',
    help: 'Messages on the bus that were of no use: malformed, of unknown hosts or ports, or out of order.',
    labelNames: ['kind'],
    registers: [this.registry],
  });

  private readonly publishedEntries = new Counter({
    name: 'opendvs_manager_published_entries_total',
    help: 'Entries of desired state that the bus has acknowledged.',
    registers: [this.registry],
  });

  private readonly publishSeconds = new Histogram({
    name: 'opendvs_manager_publish_seconds',
    help: 'Time from reading a batch of the outbox to its last acknowledgement.',
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
    registers: [this.registry],
  });

  private readonly requestSeconds = new Histogram({
    name: 'opendvs_manager_http_request_seconds',
    help: 'Time to answer an HTTP request, by route.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  published(entries: number, tookMs: number): void {
    this.publishedEntries.inc(entries);
    this.publishSeconds.observe(tookMs / 1000);
  }

  /** `route`: as declared, with its parameters unfilled. */
  answered(method: string, route: string, status: number, tookMs: number): void {
    this.requestSeconds.observe({ method, route, status: `${status}` }, tookMs / 1000);
  }

  /** A gauge whose values are read when somebody scrapes. */
  gauge(
    name: string,
    help: string,
    labelNames: string[],
    read: (gauge: Gauge) => void | Promise<void>,
  ): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      async collect() {
        this.reset();
        await read(this);
      },
    });
  }
}
