import type { Command } from 'commander';
import type { NewItem, CollectionName } from '@opendvs/api-client';
import { act, withExamples } from '../command-setup';
import { UsageError } from '../failure';
import { merge, readDocument } from '../input';
import type { Io } from '../io';
import { Lookup } from '../resources/lookup';
import type { Fragment, Managed, Resource } from '../resources/resource';
import type { Session } from '../session';
import { addParameters, fragmentOf } from './parameters';
import { addWaitOption, checkApplied, type WaitOptions } from './write-outcome';

interface CreateOptions extends WaitOptions {
  file?: string;
}

export function addCreateCommand(parent: Command, resource: Resource, io: Io): void {
  const command = parent
    .command('create')
    .description(`Create a ${resource.singular}.`)
    .argument('[name]', `name of the new ${resource.singular}; needed unless the document of -f has it`)
    .option(
      '-f, --file <file>',
      'YAML or JSON with its fields, as "get -o yaml" shows them; "-" reads stdin; options win over it',
    );
  addParameters(command, resource.settings);
  addWaitOption(command);
  withExamples(command, resource.examples.create);
  act<[string?], CreateOptions>(command, io, (session, [name], options) =>
    create(session, resource, command, name, options),
  );
}

async function create(
  session: Session,
  resource: Resource,
  command: Command,
  name: string | undefined,
  options: CreateOptions,
): Promise<void> {
  const document = options.file
    ? withoutReadOnly(await readDocument(options.file, session.io), resource)
    : {};
  const given = await fragmentOf(resource.settings, command, new Lookup(session.api));
  const body = merge(merge(document, given), name === undefined ? {} : { name });
  if (body.name === undefined)
    throw new UsageError(`name the new ${resource.singular}: dvsctl ${resource.noun} create NAME`);
  const result = await session.api
    .collection(resource.collection)
    .create(body as NewItem<CollectionName>, { waitMs: options.wait });
  const made = result.value as unknown as Managed;
  session.print(
    made,
    () => `${resource.announce?.(made) ?? `${resource.singular} ${made.name} created, id ${made.id}`}\n`,
  );
  await checkApplied(session, `${resource.singular} ${made.name}`, result);
}

/** What answers show but nobody sets, so that a shown object can be given back. */
export function withoutReadOnly(document: Fragment, { readOnly }: Resource): Fragment {
  return Object.fromEntries(Object.entries(document).filter(([field]) => !readOnly.includes(field)));
}
