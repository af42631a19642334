import { MikroOrmModule } from '@mikro-orm/nestjs';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { AgentsModule } from './agents/agents.module';
import { AuthModule } from './auth/auth.module';
import { BusModule } from './bus/bus.module';
import { ChangesModule } from './changes/changes.module';
import { MANAGER_CONFIG, type ManagerConfig } from './configuration';
import { ormOptions } from './database/orm-options';
import { ChangeFeedModule } from './events/change-feed.module';
import { EventsModule } from './events/events.module';
import { HealthModule } from './health/health.module';
import { HostsModule } from './hosts/hosts.module';
import { LibvirtModule } from './libvirt/libvirt.module';
import { MetricsModule } from './metrics/metrics.module';
import { PortGroupsModule } from './port-groups/port-groups.module';
import { PortsModule } from './ports/ports.module';
import { PublishingModule } from './publishing/publishing.module';
import { ReportsModule } from './reports/reports.module';
import { StatsModule } from './stats/stats.module';
import { SwitchesModule } from './switches/switches.module';
import { UplinkGroupsModule } from './uplink-groups/uplink-groups.module';
import { WaitingModule } from './waiting/waiting.module';
import { WritingModule } from './writing/writing.module';

/** What is configured: PostgreSQL, through the API. */
const API = [
  ChangesModule,
  WritingModule,
  AuthModule,
  HealthModule,
  SwitchesModule,
  HostsModule,
  UplinkGroupsModule,
  PortGroupsModule,
  PortsModule,
  LibvirtModule,
];

/** What goes to the hosts and comes back: NATS. */
const BUS = [
  BusModule,
  PublishingModule,
  ChangeFeedModule,
  ReportsModule,
  WaitingModule,
  AgentsModule,
  StatsModule,
  EventsModule,
  MetricsModule,
];

@Global()
@Module({})
export class AppModule {
  static forRoot(config: ManagerConfig): DynamicModule {
    const database = { ...ormOptions(config), driver: PostgreSqlDriver, registerRequestContext: false };
    return {
      module: AppModule,
      imports: [MikroOrmModule.forRoot(database), ...API, ...BUS],
      providers: [{ provide: MANAGER_CONFIG, useValue: config }],
      exports: [MANAGER_CONFIG],
    };
  }
}
