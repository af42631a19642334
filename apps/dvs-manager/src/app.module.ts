import { MikroOrmModule } from '@mikro-orm/nestjs';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import { type DynamicModule, Module } from '@nestjs/common';
import { ChangesModule } from './changes/changes.module';
import { MANAGER_CONFIG, type ManagerConfig } from './configuration';
import { ormOptions } from './database/orm-options';

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
      ],
      providers: [{ provide: MANAGER_CONFIG, useValue: config }],
      exports: [MANAGER_CONFIG],
    };
  }
}
