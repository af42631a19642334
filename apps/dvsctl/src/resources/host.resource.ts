/** Hosts: what they are configured with, what they report, and what their agents would do. */
import { bodyOf } from '@opendvs/api-client';
import { ENGINES } from '@opendvs/model';
import type { Command } from 'commander';
import { act, withExamples } from '../command-setup';
import { addHostWaitCommand } from '../commands/host-wait.command';
import type { Io } from '../io';
import { renderTable } from '../output/table';
import { Lookup } from './lookup';
import { defineResource } from './resource';

const STATES = ['alive', 'down', 'unknown'] as const;

export const hostResource = defineResource<'hosts'>({
  noun: 'host',
  singular: 'host',
  plural: 'hosts',
  collection: 'hosts',
  about: 'hosts: engine, state, problems, plan',
  verbs: ['list', 'get', 'create', 'edit', 'delete'],
  references: ({ switchIds }) => switchIds.map((id) => ({ noun: 'switch', id })),
  columns: () => [
    { header: 'name', value: ({ name }) => name },
    { header: 'state', value: ({ status }) => status.state },
    { header: 'engine', value: ({ engine, status }) => status.engine?.version ?? engine },
    {
      header: 'engine up',
      value: ({ status }) => (status.engine ? (status.engine.up ? 'yes' : 'no') : null),
    },
    { header: 'problems', value: ({ status }) => status.problems.length, align: 'right' },
    { header: 'id', value: ({ id }) => id },
  ],
  details: (names) => [
    { header: 'reason', value: ({ status }) => status.reason },
    { header: 'state since', value: ({ status }) => status.since },
    { header: 'last seen', value: ({ status }) => status.lastSeenAt ?? 'never' },
    { header: 'agent version', value: ({ status }) => status.agentVersion },
    { header: 'engine down because', value: ({ status }) => status.engine?.reason },
    {
      header: 'acts on',
      value: ({ status }) => status.desiredState && `${status.desiredState} desired state`,
    },
    { header: 'because', value: ({ status }) => status.desiredStateReason },
    { header: 'applied revision, own', value: ({ status }) => status.appliedRevisions.host },
    { header: 'applied revision, shared', value: ({ status }) => status.appliedRevisions.shared },
    {
      header: 'can not',
      value: ({ status }) =>
        Object.entries(status.engine?.capabilities.unsupported ?? {})
          .map(([what, why]) => `${what}: ${why}`)
          .join('; '),
    },
    { header: 'socket folder', value: ({ vhostSocketDir }) => vhostSocketDir },
    { header: 'switches', value: ({ switchIds }) => switchIds.map((id) => names.of(id)).join(', ') },
    {
      header: 'faults',
      value: ({ status }) => status.problems.map(({ object, message }) => `${object}: ${message}`).join('; '),
    },
    { header: 'created', value: ({ createdAt }) => createdAt },
    { header: 'updated', value: ({ updatedAt }) => updatedAt },
  ],
  settings: [
    {
      flags: '--id <uuid>',
      description: 'the id that its agent is configured with (OPENDVS_HOST_ID); made when not given',
      createOnly: true,
      fragment: (id) => ({ id }),
    },
    {
      flags: '--engine <engine>',
      description: 'what forwards packets there; ovs-dpdk is the default, sim is for tests',
      choices: ENGINES,
      fragment: (engine) => ({ engine }),
    },
    {
      flags: '--socket-dir <path>',
      description: 'folder of the vhost-user sockets on the host, default /run/opendvs/vhost',
      fragment: (vhostSocketDir) => ({ vhostSocketDir }),
    },
  ],
  filters: [
    {
      flags: '--name <text>',
      description: 'whose name contains this',
      fragment: (nameContains) => ({ nameContains }),
    },
    {
      flags: '--switch <name>',
      description: 'in this switch',
      fragment: async (given, lookup) => ({ switchId: await lookup.id('switch', given) }),
    },
    {
      flags: '--state <state>',
      description: 'in this state',
      choices: STATES,
      fragment: (state) => ({ state }),
    },
    {
      flags: '--engine <engine>',
      description: 'with this engine',
      choices: ENGINES,
      fragment: (engine) => ({ engine }),
    },
  ],
  sortable: ['name', 'createdAt', 'updatedAt'],
  readOnly: ['version', 'revision', 'createdAt', 'updatedAt', 'switchIds', 'status'],
  examples: {
    list: ['host list --state down', 'host list --switch prod --sort name'],
    get: ['host get compute-1'],
    create: ['host create compute-1 --socket-dir /run/opendvs/vhost'],
    edit: ['host edit compute-1 --rename compute-01'],
    delete: ['host delete compute-1 --yes'],
  },
  extend: (command, io) => {
    addPlanCommand(command, io);
    addHostWaitCommand(command, io);
  },
});

function addPlanCommand(parent: Command, io: Io): void {
  const command = parent
    .command('plan')
    .description(
      'Ask the agent of a host what it would change now, after reading its engine back. Changes nothing.',
    )
    .argument('<host>', 'name or id of the host');
  act<[string], object>(withExamples(command, ['host plan compute-1']), io, async (session, [given]) => {
    const id = await new Lookup(session.api).id('host', given);
    const plan = await bodyOf(session.api.http.GET('/api/v1/hosts/{id}/plan', { params: { path: { id } } }));
    session.print(plan, () =>
      plan.inSync
        ? 'nothing to do: the engine is as desired\n'
        : renderTable(
            [
              { header: 'step', value: ({ verb }) => verb },
              { header: 'object', value: ({ key }) => key },
              { header: 'drops traffic', value: ({ dropsTraffic }) => (dropsTraffic ? 'yes' : 'no') },
              { header: 'because', value: ({ because }) => because },
            ],
            plan.steps,
          ),
    );
  });
}
