/** Runs the intake of reports while the application does: subscribes on the bus, ages hosts, writes down what is known. */
import { allHostsSubject } from '@opendvs/contracts';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { AgentsClient } from '../agents/agents.client';
import { Bus } from '../bus/bus';
import { ChangeFeed } from '../events/change-feed';
import { ManagerMetrics } from '../metrics/manager-metrics';
import { Publisher } from '../publishing/publisher';
import { PortStatsService } from '../stats/port-stats.service';
import { BadMessages } from './bad-messages';
import { FullReportRequests } from './full-report-requests';
import { Inventory } from './inventory';
import { LastKnownRecorder } from './last-known-recorder';
import { LastKnownStore } from './last-known.store';
import { ReadModel } from './read-model';
import { ReportIntake } from './report-intake';

const SWEEP_INTERVAL_MS = 250;

@Injectable()
export class ReportsListener implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Reports');
  private readonly intake: ReportIntake;
  private readonly recorder: LastKnownRecorder;
  private subscribedOn: NatsConnection | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly bus: Bus,
    private readonly readModel: ReadModel,
    private readonly inventory: Inventory,
    private readonly feed: ChangeFeed,
    agents: AgentsClient,
    portStats: PortStatsService,
    metrics: ManagerMetrics,
    publisher: Publisher,
    store: LastKnownStore,
  ) {
    const requests = new FullReportRequests((hostId) => agents.reportAll(hostId), this.logger);
    this.intake = new ReportIntake({
      readModel,
      badMessages: new BadMessages(metrics.badMessages, this.logger),
      catchUp: () => feed.catchUp(),
      requestFull: (hostId) => requests.request(hostId),
      onCounters: (report) => portStats.take(report, new Date(), performance.now()),
    });
    this.recorder = new LastKnownRecorder(readModel, store, () => publisher.isLeader, this.logger);
  }

  onApplicationBootstrap(): void {
    this.feed.onReset(() => this.reload());
    this.bus.onOnline((nats) => this.listen(nats));
    this.timer = setInterval(
      () => this.readModel.sweep(new Date(), performance.now(), this.bus.outage?.reason ?? null),
      SWEEP_INTERVAL_MS,
    );
    this.recorder.start();
  }

  async onModuleDestroy(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.recorder.stop();
  }

  /** The subscription itself survives reconnections of the client. */
  private listen(nats: NatsConnection): void {
    this.readModel.nowListening(performance.now());
    if (this.subscribedOn === nats) return;
    this.subscribedOn = nats;
    nats.subscribe(allHostsSubject, {
      callback: (error, message) => {
        if (error) this.logger.error(`the subscription to hosts' reports failed: ${error.message}`);
        else this.intake.receive(message.subject, message.data);
      },
    });
  }

  private reload(): void {
    this.inventory
      .load()
      .catch((error: Error) => this.logger.warn(`hosts and ports can't be read anew: ${error.message}`));
  }
}
