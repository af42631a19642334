/** Options that stand for fields of the API: declared by a resource, read here. */
import { Option, type Command } from 'commander';
import { merge } from '../input';
import type { Lookup } from '../resources/lookup';
import type { Fragment, Given, Parameter } from '../resources/resource';

export function addParameters(command: Command, parameters: readonly Parameter[]): void {
  for (const { flags, description, choices } of parameters) {
    const option = new Option(flags, description);
    command.addOption(choices ? option.choices([...choices]) : option);
  }
}

/** All that the given options set, together. */
export async function fragmentOf(
  parameters: readonly Parameter[],
  command: Command,
  lookup: Lookup,
): Promise<Fragment> {
  const options = command.opts<Given>();
  let together: Fragment = {};
  for (const parameter of parameters) {
    const given = options[new Option(parameter.flags).attributeName()];
    if (given !== undefined) together = merge(together, await parameter.fragment(given, lookup, options));
  }
  return together;
}
