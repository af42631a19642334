import type { Command } from 'commander';
import type { Versioned } from '@opendvs/api-client';
import { act, withExamples } from '../command-setup';
import { UsageError } from '../failure';
import { isObject, merge, readDocument } from '../input';
import type { Io } from '../io';
import { Lookup } from '../resources/lookup';
import type { Fragment, Managed, Resource } from '../resources/resource';
import type { Session } from '../session';
import { withoutReadOnly } from './create.command';
import { withEditor } from './text-editor';
import { addParameters, fragmentOf } from './parameters';
import { addScopeOption, type ScopeOptions, scopeOf } from './scope';
import { addWaitOption, checkApplied, type WaitOptions } from './write-outcome';

interface EditOptions extends WaitOptions, ScopeOptions {
  file?: string;
  rename?: string;
}

export function addEditCommand(parent: Command, resource: Resource, io: Io): void {
  const command = parent
    .command('edit')
    .description(
      `Change a ${resource.singular}: by options, by a document (-f), or in $EDITOR when neither is given.\n` +
        'Fields that are not named stay as they are. Refused when somebody else has changed it meanwhile.',
    )
    .argument('<name>', `name or id of the ${resource.singular}`)
    .option(
      '-f, --file <file>',
      'YAML or JSON with the fields to change; "-" reads stdin; null sets a field back to its default',
    )
    .option('--rename <name>', 'new name');
  addParameters(
    command,
    resource.settings.filter(({ createOnly }) => !createOnly),
  );
  addScopeOption(command, resource);
  addWaitOption(command);
  withExamples(command, resource.examples.edit);
  act<[string], EditOptions>(command, io, (session, [name], options) =>
    edit(session, resource, { command, name, options }),
  );
}

interface Edit {
  command: Command;
  name: string;
  options: EditOptions;
}

async function edit(session: Session, resource: Resource, { command, name, options }: Edit): Promise<void> {
  const lookup = new Lookup(session.api);
  const collection = session.api.collection(resource.collection);
  const id = await lookup.id(resource.noun, name, await scopeOf(options, lookup));
  const current = (await collection.get(id)) as unknown as Versioned<Managed & Fragment>;
  const settings = resource.settings.filter(({ createOnly }) => !createOnly);
  const given = merge(
    await fragmentOf(settings, command, lookup),
    options.rename === undefined ? {} : { name: options.rename },
  );
  const apply = (patch: Fragment, ifMatch: string) =>
    applyPatch(session, resource, { id, patch, ifMatch, wait: options.wait });
  if (options.file !== undefined) {
    const document = await readDocument(options.file, session.io);
    await apply(merge(withoutReadOnly(document, resource), given), versionOf(document) ?? current.etag);
  } else if (Object.keys(given).length > 0) {
    await apply(given, current.etag);
  } else if (session.io.isInteractive) {
    const before = withoutReadOnly(current.value, resource);
    const title = `${resource.singular} ${current.value.name}`;
    await withEditor(before, title, session.io, (after) => apply(differences(before, after), current.etag));
  } else {
    throw new UsageError('nothing says what to change: give an option, or a document with -f');
  }
}

/** A document that was shown earlier says which version it is based on: as an ETag. */
function versionOf({ version }: Fragment): string | null {
  return typeof version === 'number' ? `"${version}"` : null;
}

interface Change {
  id: string;
  patch: Fragment;
  ifMatch: string;
  wait: number | undefined;
}

async function applyPatch(
  session: Session,
  resource: Resource,
  { id, patch, ifMatch, wait }: Change,
): Promise<void> {
  if (Object.keys(patch).length === 0) {
    session.note('nothing to change');
    return;
  }
  const result = await session.api
    .collection(resource.collection)
    .patch(id, patch, ifMatch, { waitMs: wait });
  const changed = result.value as unknown as Managed;
  const outcome = result.revision === null ? 'was so already' : `changed, revision ${result.revision}`;
  session.print(changed, () => `${resource.singular} ${changed.name} ${outcome}\n`);
  await checkApplied(session, `the change of ${resource.singular} ${changed.name}`, result);
}

/** The merge patch that makes `after` of `before`: fields that are gone become null. */
export function differences(before: Fragment, after: Fragment): Fragment {
  const patch: Fragment = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[name], after[name]];
    if (JSON.stringify(was) === JSON.stringify(is)) continue;
    patch[name] = isObject(was) && isObject(is) ? differences(was, is) : (is ?? null);
  }
  return patch;
}
