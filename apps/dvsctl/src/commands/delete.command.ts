import type { Command } from 'commander';
import { ask } from '../ask';
import { act, withExamples } from '../command-setup';
import { CommandError, UsageError } from '../failure';
import type { Io } from '../io';
import { Lookup } from '../resources/lookup';
import type { Resource } from '../resources/resource';
import type { Session } from '../session';
import { addScopeOption, type ScopeOptions, scopeOf } from './scope';
import { addWaitOption, checkApplied, type WaitOptions } from './write-outcome';

interface DeleteOptions extends WaitOptions, ScopeOptions {
  yes?: boolean;
}

export function addDeleteCommand(parent: Command, resource: Resource, io: Io): void {
  const command = parent
    .command('delete')
    .description(`Delete ${resource.plural}. Refused while something uses them.`)
    .argument('<name...>', `names or ids of ${resource.plural}`)
    .option('-y, --yes', 'do not ask; needed where nobody can be asked');
  addScopeOption(command, resource);
  addWaitOption(command);
  withExamples(command, resource.examples.delete);
  act<[string[]], DeleteOptions>(command, io, (session, [names], options) =>
    remove(session, resource, names, options),
  );
}

/** All names are looked up before the first is deleted, so that a wrong one changes nothing. */
async function remove(
  session: Session,
  resource: Resource,
  names: string[],
  options: DeleteOptions,
): Promise<void> {
  const lookup = new Lookup(session.api);
  const scope = await scopeOf(options, lookup);
  const targets: { name: string; id: string }[] = [];
  for (const name of names) targets.push({ name, id: await lookup.id(resource.noun, name, scope) });
  if (!options.yes)
    await confirm(
      session.io,
      `Delete ${targets.length === 1 ? resource.singular : resource.plural} ${names.join(', ')}?`,
    );
  for (const { name, id } of targets) {
    const result = await session.api.collection(resource.collection).delete(id, { waitMs: options.wait });
    session.print({ deleted: id, revision: result.revision }, () => `${resource.singular} ${name} deleted\n`);
    await checkApplied(session, `the deletion of ${resource.singular} ${name}`, result);
  }
}

async function confirm(io: Io, question: string): Promise<void> {
  if (!io.isInteractive) throw new UsageError(`${question} Nobody can be asked here: add --yes`);
  const answer = await ask(io, `${question} [y/N] `, { secret: false });
  if (!/^y(es)?$/i.test(answer?.trim() ?? '')) throw new CommandError('interrupted', 'nothing was deleted');
}
