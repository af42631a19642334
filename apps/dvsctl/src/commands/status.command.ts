/** dvsctl status: is all well? */
import type { Command } from 'commander';
import { bodyOf, type Item } from '@opendvs/api-client';
import { PORT_STATES, type PortState } from '@opendvs/model';
import { act, withExamples } from '../command-setup';
import type { Io } from '../io';
import { renderTable } from '../output/table';
import type { Session } from '../session';
import { VERSION } from '../version';

export function addStatusCommand(program: Command, io: Io): void {
  const command = program
    .command('status')
    .summary('is all well?')
    .description(
      'Show the manager, its hosts and how many ports are in which state; then everything that is not as it should be.',
    );
  act<[], object>(withExamples(command, ['status', 'status -o json']), io, async (session) => {
    const status = await readStatus(session);
    session.print(status, () => statusText(status));
  });
}

interface Status {
  server: string;
  dvsctlVersion: string;
  revision: number;
  switches: number;
  portGroups: number;
  hosts: {
    name: string;
    state: string;
    reason: string | null;
    problems: string[];
    ports: Record<PortState, number>;
  }[];
}

async function readStatus(session: Session): Promise<Status> {
  const { api } = session;
  const { revision } = await bodyOf(api.http.GET('/api/v1/revision'));
  const [switches, groups] = await Promise.all([
    api.collection('switches').list({ limit: 1 }),
    api.collection('port-groups').list({ limit: 1 }),
  ]);
  const hosts: Status['hosts'] = [];
  for await (const host of api.collection('hosts').all({ sort: 'name' }))
    hosts.push(await hostStatus(session, host));
  return {
    server: session.settings.server,
    dvsctlVersion: VERSION,
    revision,
    switches: switches.total,
    portGroups: groups.total,
    hosts,
  };
}

async function hostStatus(
  { api }: Session,
  { id, name, status }: Item<'hosts'>,
): Promise<Status['hosts'][number]> {
  const { portsByState } = await bodyOf(
    api.http.GET('/api/v1/hosts/{id}/stats', { params: { path: { id } } }),
  );
  const engine =
    status.engine && !status.engine.up
      ? [`the engine does not answer: ${status.engine.reason ?? 'no reason was given'}`]
      : [];
  const desired =
    status.desiredState !== 'current' && status.desiredStateReason ? [status.desiredStateReason] : [];
  const problems = [
    ...engine,
    ...desired,
    ...status.problems.map(({ object, message }) => `${object}: ${message}`),
  ];
  return { name, state: status.state, reason: status.reason, problems, ports: portsByState };
}

function statusText({ server, revision, switches, portGroups, hosts }: Status): string {
  const lines = [
    `manager ${server}, revision ${revision}`,
    `${switches} switches, ${portGroups} port groups, ${hosts.length} hosts`,
    '',
  ];
  const table = renderTable(
    [
      { header: 'host', value: ({ name }) => name },
      { header: 'state', value: ({ state }) => state },
      ...PORT_STATES.map((state) => ({
        header: state,
        align: 'right' as const,
        value: ({ ports }: Status['hosts'][number]) => ports[state],
      })),
      { header: 'problems', align: 'right', value: ({ problems }) => problems.length },
    ],
    hosts,
  );
  const faults = hosts.flatMap(({ name, state, reason, problems }) => [
    ...(state === 'alive' ? [] : [`${name} is ${state}: ${reason ?? 'no reason is known'}`]),
    ...problems.map((problem) => `${name}: ${problem}`),
  ]);
  return `${lines.join('\n')}${hosts.length > 0 ? `${table}\n` : ''}${faults.length > 0 ? `${faults.join('\n')}\n` : hosts.length > 0 ? 'all hosts are well\n' : ''}`;
}
