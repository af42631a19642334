/** "dvsctl list ports" is understood as "dvsctl port list": people bring the habit from other tools. */
import { COLLECTIONS } from './resources/lookup';

const VERBS = ['list', 'ls', 'get', 'create', 'edit', 'delete', 'wait'];
/** "port" and "ports" → "port". */
const NOUNS = new Map<string, string>(
  [...Object.entries(COLLECTIONS), ['change', 'changes'] as const].flatMap(([noun, plural]) => [
    [noun, noun],
    [plural, noun],
  ]),
);

export function inCommandOrder(args: readonly string[]): readonly string[] {
  const [verb = '', noun = '', ...rest] = args;
  const known = NOUNS.get(noun);
  return VERBS.includes(verb) && known !== undefined ? [known, verb, ...rest] : args;
}
