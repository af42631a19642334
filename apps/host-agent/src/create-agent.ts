import { NestFactory } from '@nestjs/core';
import type { INestMicroservice } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { nestLogger } from './agent-logger';
import { AgentParts, type AgentPartsOptions } from './agent-parts';
import { AgentModule } from './agent.module';
import { AgentRpcServer } from './rpc/host-rpc';

/**
 * The agent, not started yet: `listen()` begins its work at once and then connects the RPC, which waits for NATS for as long as it
 * takes; `close()` ends it and touches nothing in the dataplane.
 */
export function createAgent(options: AgentPartsOptions): Promise<INestMicroservice> {
  const parts = new AgentParts(options);
  return NestFactory.createMicroservice<MicroserviceOptions>(AgentModule.register(options, parts), {
    strategy: new AgentRpcServer(options.config, parts.bus),
    logger: nestLogger(options.logger),
    abortOnError: false,
  });
}
