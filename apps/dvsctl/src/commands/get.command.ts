import type { Command } from 'commander';
import { act, withExamples } from '../command-setup';
import type { Io } from '../io';
import { Lookup, Names } from '../resources/lookup';
import type { Managed, Resource } from '../resources/resource';
import type { Session } from '../session';
import { addScopeOption, type ScopeOptions, scopeOf } from './scope';

export function addGetCommand(parent: Command, resource: Resource, io: Io): void {
  const command = parent
    .command('get')
    .description(`Show one ${resource.singular}, or several.`)
    .argument('<name...>', `name or id of the ${resource.singular}`);
  addScopeOption(command, resource);
  withExamples(command, resource.examples.get);
  act<[string[]], ScopeOptions>(command, io, async (session, [given], options) => {
    const lookup = new Lookup(session.api);
    const scope = await scopeOf(options, lookup);
    const items: Managed[] = [];
    for (const name of given) {
      const id = await lookup.id(resource.noun, name, scope);
      items.push((await session.api.collection(resource.collection).get(id)).value as Managed);
    }
    await printItems(session, resource, items);
  });
}

/** One object as it is, several as a list. */
async function printItems(session: Session, resource: Resource, items: Managed[]): Promise<void> {
  const [only] = items;
  const names =
    session.output === 'table'
      ? await Names.load(
          session.api,
          items.flatMap((item) => resource.references?.(item) ?? []),
        )
      : Names.none;
  const columns = [...resource.columns(names), ...(resource.details?.(names) ?? [])];
  if (items.length === 1 && only) session.printRecord(columns, only);
  else session.printRows(resource.columns(names), items);
}
