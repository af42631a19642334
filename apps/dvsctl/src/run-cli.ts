/** One call of dvsctl: arguments in, exit status out. Never throws. */
import { CommanderError } from 'commander';
import { EXIT_CODES } from './exit-code';
import { failureOf } from './failure';
import type { Io } from './io';
import { buildProgram } from './program';
import { inCommandOrder } from './word-order';

export async function runCli(args: readonly string[], io: Io): Promise<number> {
  try {
    await buildProgram(io).parseAsync(inCommandOrder(args), { from: 'user' });
    return EXIT_CODES.ok.code;
  } catch (error) {
    // commander has written its message, or the help that was asked for
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? EXIT_CODES.ok.code : EXIT_CODES.usage.code;
    const { reason, lines } = failureOf(error);
    lines.forEach((line, i) => io.err(`${i === 0 ? 'dvsctl: ' : ''}${line}\n`));
    return EXIT_CODES[reason].code;
  }
}
