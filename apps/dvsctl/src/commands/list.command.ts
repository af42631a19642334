import { InvalidArgumentError, Option, type Command } from 'commander';
import { act, withExamples } from '../command-setup';
import type { Io } from '../io';
import { Lookup, Names } from '../resources/lookup';
import type { Managed, Resource } from '../resources/resource';
import type { Session } from '../session';
import { addParameters, fragmentOf } from './parameters';

interface ListOptions {
  sort?: string;
  limit: number;
  all?: boolean;
}

/** Of the API; a larger list takes several requests. */
const PAGE_MAX = 1000;
const LIMIT_DEFAULT = 100;

export function addListCommand(parent: Command, resource: Resource, io: Io): void {
  const command = parent.command('list').alias('ls').description(`List ${resource.plural}.`);
  addParameters(command, resource.filters);
  command
    .addOption(
      new Option(
        '--sort <fields>',
        `order: ${resource.sortable.join(', ')}; several with commas, "-" before one for descending`,
      ),
    )
    .addOption(new Option('--limit <count>', 'how many at most').argParser(readLimit).default(LIMIT_DEFAULT))
    .option('--all', 'all of them, however many');
  withExamples(command, resource.examples.list);
  act<[], ListOptions>(command, io, (session, _args, options) => list(session, resource, command, options));
}

async function list(
  session: Session,
  resource: Resource,
  command: Command,
  { sort, limit, all }: ListOptions,
): Promise<void> {
  const filters = await fragmentOf(resource.filters, command, new Lookup(session.api));
  const wanted = all ? Infinity : limit;
  const query = { ...filters, ...(sort ? { sort } : {}), limit: Math.min(wanted, PAGE_MAX) };
  const collection = session.api.collection(resource.collection);
  const rows: Managed[] = [];
  let page = await collection.list(query);
  for (;;) {
    rows.push(...(page.items as Managed[]).slice(0, wanted - rows.length));
    if (page.next === null || rows.length >= wanted) break;
    page = await collection.page(page.next);
  }
  await printRows(session, resource, rows);
  if (rows.length < page.total)
    session.note(`${rows.length} of ${page.total} ${resource.plural}; --all shows them all`);
}

export async function printRows(session: Session, resource: Resource, rows: Managed[]): Promise<void> {
  const references =
    session.output === 'table' ? rows.flatMap((row) => resource.references?.(row) ?? []) : [];
  session.printRows(resource.columns(await Names.load(session.api, references)), rows);
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1) throw new InvalidArgumentError('A number from 1 is expected.');
  return limit;
}
