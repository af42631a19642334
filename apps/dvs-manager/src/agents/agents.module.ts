import { natsOptions } from '@opendvs/messaging';
import { Global, Module } from '@nestjs/common';
import { ClientsModule, Transport } from '@nestjs/microservices';
import { MANAGER_CONFIG, type ManagerConfig } from '../configuration';
import { AGENT_TRANSPORT, AgentsClient } from './agents.client';
import { AgentsController } from './agents.controller';
import { ReplyDeserializer } from './reply-deserializer';

/** Questions to hosts' agents. */
@Global()
@Module({
  imports: [
    ClientsModule.registerAsync([
      {
        name: AGENT_TRANSPORT,
        inject: [MANAGER_CONFIG],
        useFactory: (config: ManagerConfig) => ({
          transport: Transport.NATS as const,
          options: {
            ...natsOptions(config.NATS_URL, 'dvs-manager rpc'),
            waitOnFirstConnect: false, // a question fails at once while the bus is away, and nothing waits on at the end
            deserializer: new ReplyDeserializer(),
          },
        }),
      },
    ]),
  ],
  controllers: [AgentsController],
  providers: [AgentsClient],
  exports: [AgentsClient],
})
export class AgentsModule {}
