/** Ports: one NIC of one virtual machine each. */
import { PORT_STATES, RING_SIZES } from '@opendvs/model';
import { addPortStatsCommand } from '../commands/port-stats.command';
import { addPortWaitCommand } from '../commands/port-wait.command';
import { addPortXmlCommand } from '../commands/port-xml.command';
import { orNone, readInteger } from './read-values';
import { defineResource } from './resource';

export const portResource = defineResource<'ports'>({
  noun: 'port',
  singular: 'port',
  plural: 'ports',
  collection: 'ports',
  about: 'ports: the NICs of virtual machines, their state, counters and libvirt XML',
  verbs: ['list', 'get', 'create', 'edit', 'delete'],
  scope: 'switch',
  references: ({ switchId, portGroupId, hostId }) => [
    { noun: 'switch', id: switchId },
    { noun: 'port-group', id: portGroupId },
    { noun: 'host', id: hostId },
  ],
  columns: (names) => [
    { header: 'name', value: ({ name }) => name },
    { header: 'state', value: ({ status }) => `${status.state}${status.stale ? ' (stale)' : ''}` },
    { header: 'switch', value: ({ switchId }) => names.of(switchId) },
    { header: 'port group', value: ({ portGroupId }) => names.of(portGroupId) },
    { header: 'host', value: ({ hostId }) => names.of(hostId) },
    { header: 'VM', value: ({ vmName, vmId }) => vmName ?? vmId },
    { header: 'MAC', value: ({ macAddress }) => macAddress },
    { header: 'id', value: ({ id }) => id },
  ],
  details: () => [
    { header: 'reason', value: ({ status }) => status.reason },
    { header: 'state since', value: ({ status }) => status.since },
    { header: 'state certain', value: ({ status }) => (status.stale ? 'no: its host is not alive' : 'yes') },
    { header: 'VM id', value: ({ vmId }) => vmId },
    { header: 'queues', value: ({ queues }) => queues },
    { header: 'ring size (descriptors)', value: ({ ringSize }) => ringSize },
    { header: 'socket', value: ({ socketPath }) => socketPath },
    { header: 'interface', value: ({ interfaceName }) => interfaceName },
    { header: 'OpenFlow port', value: ({ number }) => number },
    { header: 'revision', value: ({ revision }) => revision },
    { header: 'applied revision', value: ({ status }) => status.appliedRevision },
    { header: 'created', value: ({ createdAt }) => createdAt },
    { header: 'updated', value: ({ updatedAt }) => updatedAt },
  ],
  settings: [
    {
      flags: '--switch <name>',
      description: 'the switch of the port group, when another switch has a group of the name',
      fragment: () => ({}),
    },
    {
      flags: '--port-group <name>',
      description: 'the port group; edit moves the port to another group of the same switch',
      fragment: async (given, lookup, others) => ({
        portGroupId: await lookup.id(
          'port-group',
          given,
          others.switch ? { switchId: await lookup.id('switch', others.switch) } : {},
        ),
      }),
    },
    {
      flags: '--host <name>',
      description: 'the host that its VM runs on',
      createOnly: true,
      fragment: async (given, lookup) => ({ hostId: await lookup.id('host', given) }),
    },
    {
      flags: '--mac <address>',
      description: 'MAC address; drawn by the manager when not given',
      fragment: (macAddress) => ({ macAddress }),
    },
    {
      flags: '--queues <count>',
      description: "queue pairs, 1 (default) to 8, at most the VM's CPUs",
      fragment: (text) => ({ queues: readInteger(text, 'a number of queues') }),
    },
    {
      flags: '--ring-size <count>',
      description: 'descriptors in each ring, default 256; QEMU takes at most 1024',
      choices: RING_SIZES.map(String),
      fragment: (text) => ({ ringSize: readInteger(text, 'a ring size') }),
    },
    {
      flags: '--vm <name>',
      description: 'name of its virtual machine; "none": no name',
      fragment: (text) => ({ vmName: orNone(text) }),
    },
    {
      flags: '--vm-id <id>',
      description: 'id of its virtual machine; "none": no id',
      fragment: (text) => ({ vmId: orNone(text) }),
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
      description: 'of this switch',
      fragment: async (given, lookup) => ({ switchId: await lookup.id('switch', given) }),
    },
    {
      flags: '--port-group <name>',
      description: 'of this port group (with --switch, when another switch has one of the name)',
      fragment: async (given, lookup, others) => ({
        portGroupId: await lookup.id(
          'port-group',
          given,
          others.switch ? { switchId: await lookup.id('switch', others.switch) } : {},
        ),
      }),
    },
    {
      flags: '--host <name>',
      description: 'on this host',
      fragment: async (given, lookup) => ({ hostId: await lookup.id('host', given) }),
    },
    {
      flags: '--mac <address>',
      description: 'with this MAC address',
      fragment: (macAddress) => ({ macAddress }),
    },
    {
      flags: '--vm <name>',
      description: 'of virtual machines of this name',
      fragment: (vmName) => ({ vmName }),
    },
    {
      flags: '--vm-id <id>',
      description: 'of the virtual machine with this id',
      fragment: (vmId) => ({ vmId }),
    },
    {
      flags: '--state <state>',
      description: 'in this state, as last reported',
      choices: PORT_STATES,
      fragment: (state) => ({ state }),
    },
  ],
  sortable: ['name', 'createdAt', 'updatedAt', 'number', 'macAddress'],
  readOnly: [
    'id',
    'version',
    'revision',
    'createdAt',
    'updatedAt',
    'switchId',
    'number',
    'socketPath',
    'interfaceName',
    'status',
  ],
  examples: {
    list: ['port list --host compute-1 --state error', 'port list --vm web-1 -o json'],
    get: ['port get web-1-nic0'],
    create: ['port create web-1-nic0 --port-group web --host compute-1 --vm web-1 --wait'],
    edit: ['port edit web-1-nic0 --port-group db --wait'],
    delete: ['port delete web-1-nic0 --yes'],
  },
  extend: (command, io) => {
    addPortWaitCommand(command, io);
    addPortStatsCommand(command, io);
    addPortXmlCommand(command, io);
  },
});
