import {
  type BeforeApplicationShutdown,
  Global,
  Injectable,
  Logger,
  Module,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Bus } from '../bus/bus';
import { Commits } from '../changes/commits.service';
import { MANAGER_CONFIG, type ManagerConfig } from '../configuration';
import { ManagerMetrics } from '../metrics/manager-metrics';
import { OutboxBacklog } from './outbox-backlog.service';
import { PostgresTruth } from './postgres-truth.service';
import { Publisher } from './publisher';
import { PublishingController } from './publishing.controller';

@Injectable()
class PublisherLife implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly publisher: Publisher,
    private readonly commits: Commits,
  ) {}

  onApplicationBootstrap(): void {
    this.commits.subscribe(() => this.publisher.kick());
    this.publisher.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.publisher.stop();
  }
}

/** From the outbox to the bus. */
@Global()
@Module({
  controllers: [PublishingController],
  providers: [
    OutboxBacklog,
    PostgresTruth,
    {
      provide: Publisher,
      inject: [MANAGER_CONFIG, Bus, PostgresTruth, ManagerMetrics],
      useFactory: (config: ManagerConfig, bus: Bus, truth: PostgresTruth, metrics: ManagerMetrics) =>
        new Publisher({
          databaseUrl: config.DATABASE_URL,
          replicas: config.OPENDVS_BUCKET_REPLICAS,
          bus,
          truth,
          logger: new Logger('Publisher'),
          onPublished: (entries, tookMs) => metrics.published(entries, tookMs),
        }),
    },
    PublisherLife,
  ],
  exports: [Publisher, OutboxBacklog],
})
export class PublishingModule {}
