/** What all commands share: how an action gets its session, how examples are shown, how options with a unit are read. */
import { Option, type Command } from 'commander';
import type { Io } from './io';
import { readDuration } from './output/units';
import { Session } from './session';

/** Lets a command run within a {@link Session}: `run` gets it, the arguments and the options. */
export function act<Args extends unknown[], Options extends object>(
  command: Command,
  io: Io,
  run: (session: Session, args: Args, options: Options) => Promise<void>,
): Command {
  return command.action(async (...given: unknown[]) => {
    const called = given.at(-1) as Command;
    await run(new Session(io, called), called.processedArgs as Args, called.opts<Options>());
  });
}

/** Examples at the end of the help, as they are typed. */
export function withExamples(command: Command, examples: readonly string[] | undefined): Command {
  if (!examples || examples.length === 0) return command;
  return command.addHelpText(
    'after',
    `\nExamples:\n${examples.map((line) => `  dvsctl ${line}`).join('\n')}`,
  );
}

export function durationOption(flags: string, description: string): Option {
  return new Option(flags, `${description} (500ms, 30s, 2m, 1h)`).argParser(readDuration);
}
