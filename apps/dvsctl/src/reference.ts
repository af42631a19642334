/** docs/reference/dvsctl.md, made of the help that every command carries. */
import type { Command } from 'commander';
import { EXIT_CODES } from './exit-code';

/** Markdown of the whole command line. */
export function renderReference(program: Command): string {
  const exits = Object.values(EXIT_CODES).map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  const sections = leaves(program).map((command) => `## ${path(command)}\n\n${fenced(helpOf(command))}`);
  return [
    '# dvsctl\n',
    'Generated from the help of the commands by `node scripts/generate-dvsctl-reference.mjs`. Do not edit.\n',
    'A name may be given wherever an id may. `--wait` and `wait` end when the dataplanes of the hosts have acknowledged, so nothing need ever sleep.\n',
    '## Exit status\n',
    '| status | meaning |\n| --- | --- |',
    `${exits.join('\n')}\n`,
    '## Options of every command\n',
    `${fenced(optionsOf(program))}\n`,
    `${sections.join('\n\n')}\n`,
  ].join('\n');
}

/** Commands that do something, in the order of the help. */
function leaves(command: Command): Command[] {
  const visible = command.commands.filter(
    (child) => child.name() !== 'help' && !child.name().startsWith('__'),
  );
  return visible.flatMap((child) => (child.commands.length > 0 ? leaves(child) : [child]));
}

function path(command: Command): string {
  return command.parent ? `${path(command.parent)} ${command.name()}` : command.name();
}

/** Its help, without what is the same for all. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.configureHelp({ showGlobalOptions: false, helpWidth: 110 });
  command.outputHelp();
  return text.replace(/^ +-h, --help +show help\n/m, '').replace(/\nOptions:\n(?=\n|$)/, '');
}

function optionsOf(program: Command): string {
  const help = program.createHelp();
  help.helpWidth = 110;
  const width = Math.max(...help.visibleOptions(program).map((option) => help.optionTerm(option).length));
  return help
    .visibleOptions(program)
    .map((option) => help.formatItem(help.optionTerm(option), width, help.optionDescription(option), help))
    .join('\n');
}

function fenced(text: string): string {
  return `\`\`\`text\n${text.replace(/^\n+|\s+$/g, '')}\n\`\`\``;
}
