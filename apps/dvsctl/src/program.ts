/** The whole command line of dvsctl, as a tree of commands. */
import { Command, Option } from 'commander';
import { addCompletionCommands } from './commands/completion.command';
import { addCreateCommand } from './commands/create.command';
import { addDeleteCommand } from './commands/delete.command';
import { addDomainCommands } from './commands/domain-render.command';
import { addEditCommand } from './commands/edit.command';
import { addEventsCommand } from './commands/events.command';
import { addGetCommand } from './commands/get.command';
import { addChangeCommands } from './commands/change-list.command';
import { addListCommand } from './commands/list.command';
import { addLoginCommands } from './commands/login.command';
import { addStatusCommand } from './commands/status.command';
import { EXIT_CODES } from './exit-code';
import type { Io } from './io';
import { hostResource } from './resources/host.resource';
import { portGroupResource } from './resources/port-group.resource';
import { portResource } from './resources/port.resource';
import type { Resource, Verb } from './resources/resource';
import { switchResource } from './resources/switch.resource';
import { tokenResource } from './resources/token.resource';
import { uplinkGroupResource } from './resources/uplink-group.resource';
import { DEFAULT_SERVER, OUTPUT_FORMATS } from './settings/settings';
import { VERSION } from './version';

export const RESOURCES: readonly Resource[] = [
  switchResource,
  hostResource,
  uplinkGroupResource,
  portGroupResource,
  portResource,
  tokenResource,
];

const ADD_VERB: Record<Verb, (parent: Command, resource: Resource, io: Io) => void> = {
  list: addListCommand,
  get: addGetCommand,
  create: addCreateCommand,
  edit: addEditCommand,
  delete: addDeleteCommand,
};

export function buildProgram(io: Io): Command {
  const program = new Command('dvsctl')
    .description(
      'Manage OpenDVS distributed virtual switches. Commands are OBJECT VERB, as in "dvsctl port list"; "dvsctl list ports" is understood too.',
    )
    .version(VERSION, '-V, --version', 'show the version')
    .option(
      '-s, --server <url>',
      `the manager (DVSCTL_SERVER); default: that of the login, else ${DEFAULT_SERVER}`,
    )
    .option(
      '--token <token>',
      'bearer token; others may see it in the list of processes, so prefer the next (DVSCTL_TOKEN)',
    )
    .option('--token-file <file>', 'file that holds the token (DVSCTL_TOKEN_FILE)')
    .addOption(
      new Option('-o, --output <format>', 'how results are shown').choices(OUTPUT_FORMATS).default('table'),
    )
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .showHelpAfterError('(add --help to see what is possible)')
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .configureHelp({ showGlobalOptions: true, helpWidth: 120 })
    .addHelpText('after', exitCodeHelp())
    .exitOverride();
  addLoginCommands(program, io);
  addStatusCommand(program, io);
  for (const resource of RESOURCES) addResource(program, resource, io);
  addChangeCommands(program, io);
  addEventsCommand(program, io);
  addDomainCommands(program, io);
  addCompletionCommands(program, io);
  return program;
}

function addResource(program: Command, resource: Resource, io: Io): void {
  const parent = program.command(resource.noun).summary(resource.about).description(sentence(resource.about));
  for (const verb of resource.verbs) ADD_VERB[verb](parent, resource, io);
  resource.extend?.(parent, io);
}

function exitCodeHelp(): string {
  const lines = Object.values(EXIT_CODES).map(
    ({ code, meaning }) => `  ${String(code).padEnd(4)} ${meaning}`,
  );
  return `\nExit status:\n${lines.join('\n')}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
