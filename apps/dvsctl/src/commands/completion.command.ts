/** dvsctl completion, and the command behind it that the shells call. */
import { Argument, type Command } from 'commander';
import { createApiClient } from '@opendvs/api-client';
import { act, withExamples } from '../command-setup';
import { candidates, type Candidate } from '../completion/candidates';
import { SHELL_SCRIPTS, SHELLS, type Shell } from '../completion/shell-scripts';
import type { Io } from '../io';
import type { Session } from '../session';

/** Nobody waits longer for a tab key. */
const TIMEOUT_MS = 1000;

export function addCompletionCommands(program: Command, io: Io): void {
  const command = program
    .command('completion')
    .summary('completion for bash, zsh or fish')
    .description('Print a script that lets a shell complete commands, options, and names of objects.')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS));
  withExamples(command, [
    'completion bash > /etc/bash_completion.d/dvsctl',
    'completion fish > ~/.config/fish/completions/dvsctl.fish',
  ]);
  command.action((shell: Shell) => io.out(SHELL_SCRIPTS[shell]));

  const behind = program.command('__complete', { hidden: true }).argument('[words...]').allowUnknownOption();
  act<[string[]], object>(behind, io, async (session, [words]) => {
    const found = await findCandidates(program, words, session);
    for (const { text, description } of found) io.out(`${text}\t${description}\n`);
  });
}

/** A shell can show no error: without a manager there are just no names. */
async function findCandidates(program: Command, words: string[], session: Session): Promise<Candidate[]> {
  try {
    const api = createApiClient({
      ...session.clientOptions,
      ...session.settings,
      timeoutMs: TIMEOUT_MS,
      retryForMs: 0,
    });
    return await candidates(program, words, api);
  } catch {
    return candidates(program, words, null);
  }
}
