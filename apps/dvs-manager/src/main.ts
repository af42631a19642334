/** Starts dvs-manager: embedded servers where none are given, the database, the application; and ends them in the reverse order. */
import 'reflect-metadata';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConfigError, loadConfig } from '@opendvs/config';
import { type EmbeddedServer, startNats, startPostgres } from '@opendvs/embedded';
import { MANAGER_VARIABLES, type ManagerEnvironment, managerConfigSchema } from './configuration';
import { prepareDatabase } from './database/prepare-database';
import { createManager } from './manager';
import { ManagerLogger } from './manager-logger';
import { VERSION } from './version';

const HELP = `dvs-manager: the API and desired state of OpenDVS

Usage: dvs-manager [--help | --version]

It is configured by environment variables:
${MANAGER_VARIABLES.map(({ name, description }) => `  ${name}\n      ${description}`).join('\n')}

The first start creates the administrator and prints the token, this once.
`;

/** Everything that runs, in the order of starting. */
class Running {
  private readonly parts: { name: string; stop: () => Promise<void> }[] = [];
  private stopping: Promise<void> | null = null;

  add(name: string, stop: () => Promise<void>): void {
    this.parts.unshift({ name, stop });
  }

  /** Once; a second call waits for the first. */
  stop(log: Logger): Promise<void> {
    this.stopping ??= this.stopAll(log);
    return this.stopping;
  }

  private async stopAll(log: Logger): Promise<void> {
    for (const { name, stop } of this.parts) {
      try {
        await stop();
      } catch (error) {
        log.error(`${name} did not stop well: ${(error as Error).message}`);
      }
    }
  }
}

async function start(environment: ManagerEnvironment, running: Running, log: Logger): Promise<void> {
  const { OPENDVS_DATA_DIR: dataDir } = environment;
  const embedded = async (name: string, server: Promise<EmbeddedServer>): Promise<string> => {
    const started = await server;
    running.add(name, () => started.stop());
    log.log(`${name}: embedded, in ${dataDir}`);
    return started.url;
  };
  const onLog = (line: string) => log.warn(line);
  const DATABASE_URL =
    environment.DATABASE_URL ??
    (await embedded('PostgreSQL', startPostgres({ dataDir: join(dataDir, 'postgres'), onLog })));
  const NATS_URL =
    environment.NATS_URL ?? (await embedded('NATS', startNats({ dataDir: join(dataDir, 'nats'), onLog })));
  const config = { ...environment, DATABASE_URL, NATS_URL };
  const adminToken = await prepareDatabase(config, (message) => log.log(message));
  if (adminToken) process.stdout.write(tokenNotice(adminToken)); // at once: nothing that fails later may swallow it
  const app = await createManager(config, new ManagerLogger());
  running.add('API', () => app.close());
  const url = await listen(app, environment);
  log.log(`dvs-manager ${VERSION} is ready at ${url}; API documentation at ${url}/api/docs`);
}

function tokenNotice(token: string): string {
  return `\nThe administrator's token, shown this once:\n  ${token}\nUse it as "Authorization: Bearer TOKEN".\n\n`;
}

async function listen(app: NestFastifyApplication, environment: ManagerEnvironment): Promise<string> {
  await app.listen(environment.OPENDVS_HTTP_PORT, environment.OPENDVS_HTTP_ADDRESS);
  return (await app.getUrl()).replace(/\/$/, '');
}

/** @returns what to print instead of starting, and the exit code; null: start */
function answerArguments(args: string[]): { text: string; code: number } | null {
  if (args.includes('--help')) return { text: HELP, code: 0 };
  if (args.includes('--version')) return { text: `${VERSION}\n`, code: 0 };
  if (args.length === 0) return null;
  return { text: `dvs-manager does not know "${args.join(' ')}"; --help tells what it does know\n`, code: 2 };
}

async function main(): Promise<void> {
  const answer = answerArguments(process.argv.slice(2));
  if (answer) {
    (answer.code === 0 ? process.stdout : process.stderr).write(answer.text);
    process.exitCode = answer.code;
    return;
  }
  Logger.overrideLogger(new ManagerLogger());
  const log = new Logger('Manager');
  const running = new Running();
  const end = (code: number) => void running.stop(log).then(() => process.exit(code));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end(0));
  try {
    await start(loadConfig(managerConfigSchema), running, log);
  } catch (error) {
    const text =
      error instanceof ConfigError
        ? error.message
        : `dvs-manager can not start: ${(error as Error).stack ?? String(error)}`;
    process.stderr.write(`${text}\n`);
    end(1);
  }
}

void main();
