/** Entry point of the host agent. Crash-only: whatever is not understood ends the process, and the supervisor starts it again. */
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { ConfigError } from '@opendvs/config';
import { configHelp, loadAgentConfig, type AgentConfig } from './agent-config';
import { createLogger, nestLogger, type AgentLogger } from './agent-logger';
import { agentVersion } from './agent-version';
import { AgentModule } from './agent.module';
import { createDriver } from './drivers';
import { assertNoOtherAgent, OtherAgentError } from './local-api/local-api';
import { hostRpcServer } from './rpc/host-rpc';

const USAGE = `OpenDVS host agent ${agentVersion()}: brings this host's dataplane to the state that the manager asks for, and keeps it there.

Usage: host-agent [--help] [--version]

`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'V' } },
  });
  if (values.help) return void process.stdout.write(`${USAGE}${configHelp()}\n`);
  if (values.version) return void process.stdout.write(`${agentVersion()}\n`);
  const config = loadAgentConfig(process.env);
  const logger = createLogger(config.logLevel, { host: config.hostId });
  endOnTheUnexpected(logger);
  await assertNoOtherAgent(config.agentSocket);
  await run(config, logger);
}

async function run(config: AgentConfig, logger: AgentLogger): Promise<void> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(
    AgentModule.register({ config, logger, driver: createDriver(config) }),
    { strategy: hostRpcServer(config), logger: nestLogger(logger), abortOnError: false },
  );
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.info(`Stopping on ${signal}; the dataplane is left as it is`);
    void app.close().then(() => process.exit(0));
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  await app.init();
  logger.info('The agent runs', {
    version: agentVersion(),
    engine: config.engine,
    socket: config.agentSocket,
  });
  app.listen().catch((error: unknown) => {
    if (!stopping) throw error;
  });
}

/** Logs and exits: a state that nobody thought of is not one to manage a network from. */
function endOnTheUnexpected(logger: AgentLogger): void {
  const end = (error: unknown): void => {
    const stack = error instanceof Error ? error.stack : String(error);
    logger.error('Unexpected failure: the agent ends, to be started again', { error: stack });
    process.exit(1);
  };
  process.on('uncaughtException', end).on('unhandledRejection', end);
}

main().catch((error: unknown) => {
  const expected = error instanceof ConfigError || error instanceof OtherAgentError;
  process.stderr.write(`host-agent: ${expected ? error.message : (error as Error).stack}\n`);
  process.exit(1);
});
