/** Where a name is looked for, when it need not be unique everywhere. */
import type { Command } from 'commander';
import type { Lookup, Scope } from '../resources/lookup';
import type { Resource } from '../resources/resource';

export interface ScopeOptions {
  inSwitch?: string;
  onHost?: string;
}

export function addScopeOption(command: Command, { scope, singular }: Resource): void {
  if (scope === 'switch')
    command.option(
      '--in-switch <name>',
      `the switch of the ${singular}, when another switch has one of the name`,
    );
  if (scope === 'host')
    command.option('--on-host <name>', `the host of the ${singular}, when another host has one of the name`);
}

export async function scopeOf({ inSwitch, onHost }: ScopeOptions, lookup: Lookup): Promise<Scope> {
  return {
    ...(inSwitch ? { switchId: await lookup.id('switch', inSwitch) } : {}),
    ...(onHost ? { hostId: await lookup.id('host', onHost) } : {}),
  };
}
