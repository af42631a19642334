import { MikroOrmModule } from '@mikro-orm/nestjs';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import { type DynamicModule, Module } from '@nestjs/common';
import { AgentsModule } from './agents/agents.module';
import { BusModule } from './bus/bus.module';
import { ChangesModule } from './changes/changes.module';
import { MANAGER_CONFIG, type ManagerConfig } from './configuration';
import { ormOptions } from './database/orm-options';
import { ChangeFeedModule } from './events/change-feed.module';
import { EventsModule } from './events/events.module';
import { MetricsModule } from './metrics/metrics.module';
import { PublishingModule } from './publishing/publishing.module';
import { ReportsModule } from './reports/reports.module';
import { StatsModule } from './stats/stats.module';
import { WaitingModule } from './waiting/waiting.module';

@Module({})
export class AppModule {
  static forRoot(config: ManagerConfig): DynamicModule {
    return {
      module: AppModule,
      global: true,
      imports: [
        MikroOrmModule.forRoot({
          ...ormOptions(config),
          driver: PostgreSqlDriver,
          registerRequestContext: false,
        }),
        ChangesModule,
        BusModule,
        PublishingModule,
        ChangeFeedModule,
        AgentsModule,
        ReportsModule,
        WaitingModule,
        StatsModule,
        EventsModule,
        MetricsModule,
      ],
      providers: [{ provide: MANAGER_CONFIG, useValue: config }],
      exports: [MANAGER_CONFIG],
    };
  }
}
