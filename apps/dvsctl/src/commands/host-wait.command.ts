/** dvsctl host wait: until its agent reports, or its dataplane is as desired. */
import { Option, type Command } from 'commander';
import { bodyOf, type Item } from '@opendvs/api-client';
import { act, durationOption, withExamples } from '../command-setup';
import type { Io } from '../io';
import { Lookup } from '../resources/lookup';
import type { Session } from '../session';
import { waitUntil } from './wait-until';

const GOALS = {
  alive: 'its agent reports',
  down: 'its agent has been silent for too long',
  'in-sync': 'alive, and its engine is as desired (an audit finds nothing to do)',
} as const;
type Goal = keyof typeof GOALS;

const TIMEOUT_MS = 30_000;

export function addHostWaitCommand(parent: Command, io: Io): void {
  const command = parent
    .command('wait')
    .description(
      `Wait for a state of a host.\n${Object.entries(GOALS)
        .map(([goal, meaning]) => `  ${goal}: ${meaning}`)
        .join('\n')}`,
    )
    .argument('<host>', 'name or id of the host')
    .addOption(new Option('--for <state>', 'what to wait for').choices(Object.keys(GOALS)).default('alive'))
    .addOption(durationOption('--timeout <time>', 'how long at most').default(TIMEOUT_MS, '30s'));
  withExamples(command, ['host wait compute-1', 'host wait compute-1 --for in-sync --timeout 1m']);
  act<[string], { for: Goal; timeout: number }>(command, io, async (session, [name], options) => {
    const id = await new Lookup(session.api).id('host', name);
    const host = await waitUntil(session, {
      what: `host ${name} to be ${options.for}`,
      eventTypes: 'host-status,port-status',
      timeoutMs: options.timeout,
      look: () => look(session, id, options.for),
    });
    session.print(host, () => `host ${host.name} is ${options.for}\n`);
  });
}

async function look(
  session: Session,
  id: string,
  goal: Goal,
): Promise<{ done: Item<'hosts'> } | { because: string }> {
  const { value: host } = await session.api.collection('hosts').get(id);
  const { state, reason, desiredState, desiredStateReason } = host.status;
  if (state !== (goal === 'in-sync' ? 'alive' : goal))
    return { because: `it is ${state}${reason === null ? '' : ` (${reason})`}` };
  if (goal !== 'in-sync') return { done: host };
  if (desiredState !== 'current')
    return {
      because: `it acts on ${desiredState ?? 'no'} desired state${desiredStateReason === null ? '' : ` (${desiredStateReason})`}`,
    };
  const plan = await bodyOf(session.api.http.GET('/api/v1/hosts/{id}/plan', { params: { path: { id } } }));
  return plan.inSync
    ? { done: host }
    : { because: `${plan.steps.length} steps are to be done ("dvsctl host plan ${host.name}" lists them)` };
}
