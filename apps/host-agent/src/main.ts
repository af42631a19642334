/** Entry point of the host agent. Crash-only: whatever is not understood ends the process, and the supervisor starts it again. */
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { ConfigError } from '@opendvs/config';
import { configHelp, loadAgentConfig, type AgentConfig } from './agent-config';
import { createLogger, type AgentLogger } from './agent-logger';
import { agentVersion } from './agent-version';
import { createAgent } from './create-agent';
import { createDriver } from './drivers';
import { assertNoOtherAgent, OtherAgentError } from './local-api/local-api';

const USAGE = `OpenDVS host agent ${agentVersion()}: brings this host's dataplane to the state that the manager asks for, and keeps it there.

Usage: host-agent [--help] [--version]

`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'V' } },
  });
  if (values.help) return void process.stdout.write(`${USAGE}${configHelp()}\n`);
  if (values.version) return void process.stdout.write(`${agentVersion()}\n`);
  process.umask(0o022); // QEMU's user has to get through to the folder of the sockets; what is private is made so
  const config = loadAgentConfig(process.env);
  const logger = createLogger(config.logLevel, { host: config.hostId });
  endOnTheUnexpected(logger);
  await assertNoOtherAgent(config.agentSocket);
  await run(config, logger);
}

async function run(config: AgentConfig, logger: AgentLogger): Promise<void> {
  const agent = await createAgent({ config, logger, driver: createDriver(config, logger) });
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.info(`Stopping on ${signal}; the dataplane is left as it is`);
    void agent.close().then(() => process.exit(0));
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  await agent.listen();
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
  process.stderr.write(`host-agent: ${isExpected(error) ? error.message : (error as Error).stack}\n`);
  process.exit(1);
});

/** What a user can put right, and has been told how. */
function isExpected(error: unknown): error is Error {
  const misused = String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');
  return misused || error instanceof ConfigError || error instanceof OtherAgentError;
}
