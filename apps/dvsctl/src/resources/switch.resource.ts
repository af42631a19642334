/** Distributed switches, and which hosts are in them. */
import { waitQuery, written, type Item } from '@opendvs/api-client';
import { SWITCH_MODES } from '@opendvs/model';
import { act, withExamples } from '../command-setup';
import { addWaitOption, checkApplied, type WaitOptions } from '../commands/write-outcome';
import { Lookup } from './lookup';
import { orNone, readInteger } from './read-values';
import { defineResource } from './resource';
import type { Command } from 'commander';
import type { Io } from '../io';

export const switchResource = defineResource<'switches'>({
  noun: 'switch',
  singular: 'switch',
  plural: 'switches',
  collection: 'switches',
  about: 'distributed switches: mode, MTU, VLAN pools, hosts',
  verbs: ['list', 'get', 'create', 'edit', 'delete'],
  columns: () => [
    { header: 'name', value: ({ name }) => name },
    { header: 'mode', value: ({ mode }) => mode },
    { header: 'MTU (bytes)', value: ({ mtuBytes }) => mtuBytes, align: 'right' },
    { header: 'VLAN pools', value: ({ vlanPools }) => vlanPools ?? 'any' },
    { header: 'id', value: ({ id }) => id },
  ],
  details: () => [
    { header: 'description', value: ({ description }) => description },
    { header: 'revision', value: ({ revision }) => revision },
    { header: 'created', value: ({ createdAt }) => createdAt },
    { header: 'updated', value: ({ updatedAt }) => updatedAt },
  ],
  settings: [
    {
      flags: '--mode <mode>',
      description: 'user-mode (default): vhost-user on a userspace dataplane',
      choices: SWITCH_MODES,
      fragment: (mode) => ({ mode }),
    },
    {
      flags: '--mtu <bytes>',
      description: 'largest IP packet, 1280 to 9702 bytes, default 1500',
      fragment: (text) => ({ mtuBytes: readInteger(text, 'an MTU in bytes') }),
    },
    {
      flags: '--vlan-pools <list>',
      description: 'VLANs that port groups may use, such as 100-199,300; "none" (default): any',
      fragment: (text) => ({ vlanPools: orNone(text) }),
    },
    {
      flags: '--description <text>',
      description: 'for people',
      fragment: (description) => ({ description }),
    },
  ],
  filters: [
    {
      flags: '--name <text>',
      description: 'whose name contains this',
      fragment: (nameContains) => ({ nameContains }),
    },
    {
      flags: '--mode <mode>',
      description: 'of this mode',
      choices: SWITCH_MODES,
      fragment: (mode) => ({ mode }),
    },
    {
      flags: '--host <name>',
      description: 'that this host is in',
      fragment: async (host, lookup) => ({ hostId: await lookup.id('host', host) }),
    },
  ],
  sortable: ['name', 'createdAt', 'updatedAt', 'mtuBytes'],
  readOnly: ['id', 'version', 'revision', 'createdAt', 'updatedAt'],
  examples: {
    list: ['switch list --host compute-1 -o json'],
    get: ['switch get prod -o yaml'],
    create: ['switch create prod --mtu 9000 --vlan-pools 100-199,300', 'switch create -f prod.yaml'],
    edit: ['switch edit prod --mtu 9000 --wait', 'switch edit prod'],
    delete: ['switch delete prod --yes'],
  },
  extend: addMembershipCommands,
});

function addMembershipCommands(parent: Command, io: Io): void {
  const hosts = parent
    .command('hosts')
    .description('List the hosts in a switch.')
    .argument('<switch>', 'name or id of the switch');
  act<[string], object>(withExamples(hosts, ['switch hosts prod']), io, async (session, [given]) => {
    const switchId = await new Lookup(session.api).id('switch', given);
    const rows: Item<'hosts'>[] = [];
    for await (const host of session.api.collection('hosts').all({ switchId, sort: 'name' })) rows.push(host);
    session.printRows(
      [
        { header: 'name', value: ({ name }) => name },
        { header: 'state', value: ({ status }) => status.state },
        { header: 'id', value: ({ id }) => id },
      ],
      rows,
    );
  });
  const add = parent
    .command('add-host')
    .description('Put hosts into a switch. One that is in it already stays so.')
    .argument('<switch>', 'name or id of the switch')
    .argument('<host...>', 'names or ids of the hosts');
  addWaitOption(add);
  changeMembers(withExamples(add, ['switch add-host prod compute-1 compute-2']), io, {
    method: 'PUT',
    done: 'is in',
  });
  const remove = parent
    .command('remove-host')
    .description('Take hosts out of a switch. Refused while a host has ports or an uplink group of it.')
    .argument('<switch>', 'name or id of the switch')
    .argument('<host...>', 'names or ids of the hosts');
  addWaitOption(remove);
  changeMembers(withExamples(remove, ['switch remove-host prod compute-2']), io, {
    method: 'DELETE',
    done: 'is no longer in',
  });
}

function changeMembers(
  command: Command,
  io: Io,
  { method, done }: { method: 'PUT' | 'DELETE'; done: string },
): void {
  act<[string, string[]], WaitOptions>(command, io, async (session, [switchName, hostNames], { wait }) => {
    const lookup = new Lookup(session.api);
    const switchId = await lookup.id('switch', switchName);
    const hosts: { name: string; id: string }[] = [];
    for (const name of hostNames) hosts.push({ name, id: await lookup.id('host', name) });
    for (const { name, id } of hosts) {
      const path = `/api/v1/switches/${switchId}/hosts/${id}${waitQuery({ waitMs: wait })}`;
      const result = await written<unknown>(await session.api.send(method, path));
      session.print(
        { switchId, hostId: id, revision: result.revision },
        () => `host ${name} ${done} switch ${switchName}\n`,
      );
      await checkApplied(session, `host ${name} in switch ${switchName}`, result);
    }
  });
}
