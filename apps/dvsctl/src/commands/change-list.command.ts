/** dvsctl change: who changed what, when. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Item, ListQuery } from '@opendvs/api-client';
import { act, withExamples } from '../command-setup';
import { CommandError, UsageError } from '../failure';
import type { Io } from '../io';
import { isObject } from '../input';
import { renderRecord, renderTable, type Column } from '../output/table';
import { isId, Lookup } from '../resources/lookup';
import type { Fragment } from '../resources/resource';
import type { Session } from '../session';

type Change = Item<'changes'>;

const KINDS = ['switch', 'host', 'membership', 'uplink-group', 'port-group', 'port', 'token'] as const;
const ACTIONS = ['create', 'update', 'delete', 'adopt'] as const;
const LIMIT_DEFAULT = 20;

const COLUMNS: Column<Change>[] = [
  { header: 'revision', value: ({ revision }) => revision, align: 'right' },
  { header: 'at', value: ({ at }) => at },
  { header: 'by', value: ({ actor }) => actor },
  { header: 'action', value: ({ action }) => action },
  { header: 'kind', value: ({ kind }) => kind },
  { header: 'object', value: ({ objectName }) => objectName },
];

interface ListOptions {
  kind?: (typeof KINDS)[number];
  action?: (typeof ACTIONS)[number];
  object?: string;
  actor?: string;
  after?: number;
  limit: number;
}

export function addChangeCommands(program: Command, io: Io): void {
  const parent = program
    .command('change')
    .summary('history: who changed what, when')
    .description('Look into the history of all changes.');
  const list = parent
    .command('list')
    .alias('ls')
    .description('List changes, the latest first.')
    .addOption(new Option('--kind <kind>', 'of objects of this kind').choices(KINDS))
    .addOption(
      new Option('--action <action>', 'of this sort; adopt: taken back from the bus after a restore').choices(
        ACTIONS,
      ),
    )
    .option('--object <name>', 'of this object: its id, or its name together with --kind')
    .option('--actor <token>', 'made with the token of this name')
    .addOption(new Option('--after <revision>', 'after this revision').argParser(readCount))
    .addOption(
      new Option('--limit <count>', 'how many at most, up to 1000')
        .argParser(readCount)
        .default(LIMIT_DEFAULT),
    );
  withExamples(list, [
    'change list --kind port-group --object web',
    'change list --actor ci-pipeline --limit 100 -o json',
  ]);
  act<[], ListOptions>(list, io, (session, _args, options) => listChanges(session, options));

  const get = parent
    .command('get')
    .description('Show one change: every field before and after.')
    .argument('<revision>', 'its revision', readCount);
  act<[number], object>(withExamples(get, ['change get 17']), io, (session, [revision]) =>
    showChange(session, revision),
  );
}

async function listChanges(session: Session, { object, after, ...filters }: ListOptions): Promise<void> {
  const query: Partial<ListQuery<'changes'>> = { ...filters, afterRevision: after };
  if (object !== undefined) query.objectId = await objectId(session, object, filters.kind);
  const { items, total } = await session.api.collection('changes').list(query);
  session.printRows(COLUMNS, items);
  if (items.length < total) session.note(`${items.length} of ${total} changes; --limit shows more`);
}

/** History keeps objects that are gone: those are only found by their id. */
async function objectId(session: Session, given: string, kind: ListOptions['kind']): Promise<string> {
  if (isId(given)) return given.toLowerCase();
  if (!kind) throw new UsageError(`say with --kind what "${given}" is, or give its id`);
  // a membership is recorded with the id of its host
  return new Lookup(session.api).id(kind === 'membership' ? 'host' : kind, given);
}

async function showChange(session: Session, revision: number): Promise<void> {
  const query = { afterRevision: revision - 1, sort: 'revision', limit: 1 };
  const [change] = (await session.api.collection('changes').list(query)).items;
  if (change?.revision !== revision) throw new CommandError('notFound', `there is no change ${revision}`);
  session.print(change, () => `${renderRecord(COLUMNS, change)}\n${differenceTable(change)}`);
}

function differenceTable({ before, after }: Change): string {
  const [was, is] = [leaves(before ?? {}), leaves(after ?? {})];
  const fields = [...new Set([...was.keys(), ...is.keys()])].filter(
    (field) => was.get(field) !== is.get(field),
  );
  const columns: Column<string>[] = [
    { header: 'field', value: (field) => field },
    { header: 'before', value: (field) => was.get(field) },
    { header: 'after', value: (field) => is.get(field) },
  ];
  return renderTable(columns, fields);
}

/** Every value with its path: "vlan.vlanId". */
function leaves(value: Fragment, path = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, inner] of Object.entries(value)) {
    if (isObject(inner)) for (const [field, leaf] of leaves(inner, `${path}${name}.`)) found.set(field, leaf);
    else found.set(`${path}${name}`, JSON.stringify(inner));
  }
  return found;
}

function readCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('A whole number is expected.');
  return value;
}
