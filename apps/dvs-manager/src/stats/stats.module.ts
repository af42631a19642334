import {
  Global,
  Injectable,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Inject } from '@nestjs/common';
import { MANAGER_CONFIG, type ManagerConfig } from '../configuration';
import { Publisher } from '../publishing/publisher';
import { MinuteRecorder } from './minute-recorder';
import { PortMinutesStore } from './port-minutes.store';
import { PortStatsService } from './port-stats.service';
import { StatsController } from './stats.controller';

@Injectable()
class MinuteRecording implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly recorder: MinuteRecorder;

  constructor(
    @Inject(MANAGER_CONFIG) config: ManagerConfig,
    stats: PortStatsService,
    store: PortMinutesStore,
    publisher: Publisher,
  ) {
    this.recorder = new MinuteRecorder({
      minutes: stats.minutes,
      store,
      retentionDays: config.OPENDVS_STATISTICS_DAYS,
      isLeader: () => publisher.isLeader,
      logger: new Logger('Statistics'),
    });
  }

  onApplicationBootstrap(): void {
    this.recorder.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.recorder.stop();
  }
}

/** Counters of ports: the latest, recent ones, and history. */
@Global()
@Module({
  controllers: [StatsController],
  providers: [PortStatsService, PortMinutesStore, MinuteRecording],
  exports: [PortStatsService],
})
export class StatsModule {}
