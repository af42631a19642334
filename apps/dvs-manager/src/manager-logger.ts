import { ConsoleLogger } from '@nestjs/common';

/** What Nest says of every module and route at each start, and nobody reads. */
const CHATTER = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
]);

/** Lines for people on a terminal, JSON lines elsewhere. Debugging output is left out. */
export class ManagerLogger extends ConsoleLogger {
  constructor() {
    super({ json: !process.stdout.isTTY, logLevels: ['log', 'warn', 'error', 'fatal'] });
  }

  override log(message: unknown, ...details: unknown[]): void {
    const context = details.at(-1);
    if (typeof context !== 'string' || !CHATTER.has(context)) super.log(message, ...details);
  }
}
