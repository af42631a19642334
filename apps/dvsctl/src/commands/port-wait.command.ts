/** dvsctl port wait: until the VM is connected, or the dataplane has what is configured. */
import { Option, type Command } from 'commander';
import type { Item } from '@opendvs/api-client';
import { act, durationOption, withExamples } from '../command-setup';
import { CommandError } from '../failure';
import type { Io } from '../io';
import { Lookup } from '../resources/lookup';
import type { Session } from '../session';
import { waitUntil } from './wait-until';

type Port = Item<'ports'>;

const GOALS = {
  connected: 'a VM is on its socket',
  wired: 'the dataplane has it, with or without a VM',
  down: 'its VM has gone, or its port group is down',
  applied: 'the dataplane has the latest settings of the port, its port group and its switch',
} as const;
type Goal = keyof typeof GOALS;

const TIMEOUT_MS = 30_000;

export function addPortWaitCommand(parent: Command, io: Io): void {
  const command = parent
    .command('wait')
    .description(
      `Wait for a state of a port.\n${Object.entries(GOALS)
        .map(([goal, meaning]) => `  ${goal}: ${meaning}`)
        .join('\n')}`,
    )
    .argument('<port>', 'name or id of the port')
    .option('--in-switch <name>', 'the switch of the port, when another switch has one of the name')
    .addOption(
      new Option('--for <state>', 'what to wait for').choices(Object.keys(GOALS)).default('connected'),
    )
    .addOption(durationOption('--timeout <time>', 'how long at most').default(TIMEOUT_MS, '30s'));
  withExamples(command, ['port wait web-1-nic0', 'port wait web-1-nic0 --for applied --timeout 5s']);
  act<[string], { for: Goal; timeout: number; inSwitch?: string }>(
    command,
    io,
    async (session, [name], options) => {
      const lookup = new Lookup(session.api);
      const scope = options.inSwitch ? { switchId: await lookup.id('switch', options.inSwitch) } : {};
      const id = await lookup.id('port', name, scope);
      const port = await waitUntil(session, {
        what: `port ${name} to be ${options.for}`,
        eventTypes: options.for === 'applied' ? 'port-status,host-status,change' : 'port-status,change',
        timeoutMs: options.timeout,
        look: () => look(session, id, options.for),
      });
      session.print(
        port,
        () =>
          `port ${port.name} is ${options.for}${options.for === port.status.state ? '' : ` (${port.status.state})`}\n`,
      );
    },
  );
}

async function look(session: Session, id: string, goal: Goal): Promise<{ done: Port } | { because: string }> {
  const { value: port } = await session.api.collection('ports').get(id);
  const { state, reason, stale, appliedRevision } = port.status;
  if (state === 'error' && !stale && appliedRevision >= port.revision) {
    throw new CommandError('failed', `port ${port.name} is in error: ${reason ?? 'no reason was given'}`);
  }
  const missing = goal === 'applied' ? await unapplied(session, port) : stateMissing(port, goal);
  if (missing !== null) return { because: missing };
  return stale ? { because: 'its host is not alive, so its state is not certain' } : { done: port };
}

function stateMissing({ status: { state, reason } }: Port, goal: Exclude<Goal, 'applied'>): string | null {
  if (state === goal || (goal === 'wired' && state === 'connected')) return null;
  return `it is ${state}${reason === null ? '' : ` (${reason})`}`;
}

/** An edit of a port group reaches a host in the shared stream, one of a port in the host's own. */
async function unapplied(session: Session, port: Port): Promise<string | null> {
  const { revision, hostId, switchId, portGroupId } = port;
  const [host, group, onSwitch] = await Promise.all([
    session.api.collection('hosts').get(hostId),
    session.api.collection('port-groups').get(portGroupId),
    session.api.collection('switches').get(switchId),
  ]);
  const { appliedRevisions, state } = host.value.status;
  const shared = Math.max(group.value.revision, onSwitch.value.revision);
  if (appliedRevisions.host >= revision && appliedRevisions.shared >= shared) return null;
  return `host ${host.value.name} (${state}) has applied its own changes up to revision ${appliedRevisions.host} of ${revision}, shared ones up to ${appliedRevisions.shared} of ${shared}`;
}
