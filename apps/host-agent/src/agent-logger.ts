import { pino } from 'pino';
import type { LoggerService } from '@nestjs/common';
import type { ReconcilerLogger } from '@opendvs/reconciler';

/** What every part of the agent logs with: a sentence, and details as data. */
export type AgentLogger = ReconcilerLogger;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** JSON lines on standard output, at once: what was logged before a crash is there. */
export function createLogger(level: LogLevel, fields: Record<string, unknown> = {}): AgentLogger {
  const log = pino(
    {
      level,
      base: fields,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 1, sync: true }),
  );
  return {
    debug: (message, details) => log.debug(details ?? {}, message),
    info: (message, details) => log.info(details ?? {}, message),
    warn: (message, details) => log.warn(details ?? {}, message),
    error: (message, details) => log.error(details ?? {}, message),
  };
}

/** The same for Nest's own messages, whose start-up chatter is of interest only when debugging. */
export function nestLogger(log: AgentLogger): LoggerService {
  const context = (rest: unknown[]): Record<string, unknown> => ({ context: rest.at(-1) });
  return {
    log: (message: unknown, ...rest: unknown[]) => log.debug(String(message), context(rest)),
    warn: (message: unknown, ...rest: unknown[]) => log.warn(String(message), context(rest)),
    error: (message: unknown, ...rest: unknown[]) => log.error(String(message), context(rest)),
    fatal: (message: unknown, ...rest: unknown[]) => log.error(String(message), context(rest)),
    debug: (message: unknown, ...rest: unknown[]) => log.debug(String(message), context(rest)),
    verbose: (message: unknown, ...rest: unknown[]) => log.debug(String(message), context(rest)),
  };
}
