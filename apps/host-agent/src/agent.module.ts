/** The agent as a Nest application: its parts as providers, the requests of the manager as a controller. */
import { Module, type DynamicModule } from '@nestjs/common';
import { AgentIdentity } from './agent-identity';
import type { AgentParts, AgentPartsOptions } from './agent-parts';
import { HostAgent } from './host-agent';
import { HostInspection } from './host-inspection';
import { Reporter } from './reports/reporter';
import { RpcController } from './rpc/rpc.controller';

@Module({})
export class AgentModule {
  static register(options: AgentPartsOptions, parts: AgentParts): DynamicModule {
    return {
      module: AgentModule,
      controllers: [RpcController],
      providers: [
        { provide: AgentIdentity, useValue: parts.identity },
        { provide: HostInspection, useValue: parts.inspection },
        { provide: Reporter, useValue: parts.reporter },
        { provide: HostAgent, useFactory: () => new HostAgent(options, parts) },
      ],
    };
  }
}
