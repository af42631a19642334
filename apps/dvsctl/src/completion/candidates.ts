/** What may come next on a command line: one engine for every shell, which only has to show it. */
import type { Command, Option } from 'commander';
import type { ApiClient } from '@opendvs/api-client';
import { COLLECTIONS, type Noun } from '../resources/lookup';

export interface Candidate {
  text: string;
  description: string;
}

/** Names that are fetched for one completion; nobody reads more. */
const NAMES_MAX = 200;

/**
 * @param words after "dvsctl", the last one being typed (perhaps empty)
 * @param api null when nobody can be asked: names are then left out
 */
export async function candidates(
  program: Command,
  words: readonly string[],
  api: ApiClient | null,
): Promise<Candidate[]> {
  const typed = words.at(-1) ?? '';
  const { command, operands, pending } = walk(program, words.slice(0, -1));
  if (pending) return fits(await valuesOf(pending, api), typed);
  if (typed.startsWith('-')) return fits(optionsOf(command), typed);
  const commands = command.commands
    .filter((child) => !isHidden(child))
    .map((child) => ({ text: child.name(), description: child.summary() || firstLine(child.description()) }));
  if (commands.length > 0) return fits(commands, typed);
  return fits(await namesOf(argumentNoun(command, operands), api), typed);
}

interface Place {
  command: Command;
  /** Arguments given so far. */
  operands: number;
  /** An option that still needs its value. */
  pending: Option | null;
}

function walk(program: Command, words: readonly string[]): Place {
  const place: Place = { command: program, operands: 0, pending: null };
  for (const word of words) {
    if (place.pending) place.pending = null;
    else if (word.startsWith('-'))
      place.pending = word.includes('=') ? null : optionNeedingValue(place.command, word);
    else {
      const child = place.command.commands.find(
        (candidate) => candidate.name() === word || candidate.aliases().includes(word),
      );
      if (child) Object.assign(place, { command: child, operands: 0 });
      else place.operands += 1;
    }
  }
  return place;
}

function optionNeedingValue(command: Command, word: string): Option | null {
  const option = allOptions(command).find(({ short, long }) => short === word || long === word);
  return option?.required ? option : null;
}

/** Its own and those of the commands above, which are understood anywhere. */
function allOptions(command: Command): Option[] {
  const own = [...command.options];
  return command.parent ? [...own, ...allOptions(command.parent)] : own;
}

function optionsOf(command: Command): Candidate[] {
  const help = { text: '--help', description: 'show help' };
  return [
    ...allOptions(command)
      .filter(({ hidden }) => !hidden)
      .map(({ long, short, description }) => ({ text: long ?? short ?? '', description })),
    help,
  ];
}

async function valuesOf(option: Option, api: ApiClient | null): Promise<Candidate[]> {
  if (option.argChoices) return option.argChoices.map((text) => ({ text, description: '' }));
  return namesOf(OPTION_NOUNS[option.attributeName()] ?? null, api);
}

/** Options whose value is a name. */
const OPTION_NOUNS: Record<string, Noun> = {
  switch: 'switch',
  inSwitch: 'switch',
  host: 'host',
  onHost: 'host',
  portGroup: 'port-group',
};

/** What an argument names: "<switch>", or "<name>" of whatever the command is about. */
function argumentNoun(command: Command, operands: number): Noun | null {
  const declared = command.registeredArguments;
  const argument = declared[Math.min(operands, declared.length - 1)];
  if (!argument || (operands >= declared.length && !argument.variadic)) return null;
  if (isNoun(argument.name())) return argument.name() as Noun;
  const about = command.parent?.name() ?? '';
  return argument.name() === 'name' && command.name() !== 'create' && isNoun(about) ? about : null;
}

function isNoun(text: string): text is Noun {
  return Object.hasOwn(COLLECTIONS, text);
}

async function namesOf(noun: Noun | null, api: ApiClient | null): Promise<Candidate[]> {
  if (!noun || !api) return [];
  const { items } = await api.collection(COLLECTIONS[noun]).list({ limit: NAMES_MAX, sort: 'name' });
  return items.map(({ name }) => ({ text: name, description: noun }));
}

function fits(all: Candidate[], typed: string): Candidate[] {
  return all.filter(({ text }) => text.startsWith(typed));
}

function isHidden(command: Command): boolean {
  return command.name() === 'help' || command.name().startsWith('__');
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
