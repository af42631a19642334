import { natsOptions } from '@opendvs/messaging';
import {
  Global,
  Injectable,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { MANAGER_CONFIG, type ManagerConfig } from '../configuration';
import { Bus } from './bus';

@Injectable()
class BusLife implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly bus: Bus) {}

  onApplicationBootstrap(): void {
    this.bus.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.bus.stop();
  }
}

/** The manager's connection to NATS. It need not be there for the manager to start. */
@Global()
@Module({
  providers: [
    {
      provide: Bus,
      inject: [MANAGER_CONFIG],
      useFactory: (config: ManagerConfig) =>
        new Bus(natsOptions(config.NATS_URL, 'dvs-manager'), new Logger('Bus')),
    },
    BusLife,
  ],
  exports: [Bus],
})
export class BusModule {}
