/** Uplink groups: the NICs that tie one switch on one host to the physical network. */
import { BOND_MODES, nicName } from '@opendvs/model';
import { orNone, readNic } from './read-values';
import { defineResource } from './resource';

export const uplinkGroupResource = defineResource<'uplink-groups'>({
  noun: 'uplink-group',
  singular: 'uplink group',
  plural: 'uplink groups',
  collection: 'uplink-groups',
  about: 'uplink groups: NICs, bonding, LACP',
  verbs: ['list', 'get', 'create', 'edit', 'delete'],
  scope: 'host',
  references: ({ switchId, hostId }) => [
    { noun: 'switch', id: switchId },
    { noun: 'host', id: hostId },
  ],
  columns: (names) => [
    { header: 'name', value: ({ name }) => name },
    { header: 'host', value: ({ hostId }) => names.of(hostId) },
    { header: 'switch', value: ({ switchId }) => names.of(switchId) },
    {
      header: 'NICs',
      value: ({ members }) => members.map((nic) => nic.kernelName ?? nic.pciAddress).join(', '),
    },
    { header: 'bond', value: ({ members, bondMode }) => (members.length > 1 ? bondMode : 'single') },
    { header: 'id', value: ({ id }) => id },
  ],
  details: () => [
    { header: 'primary', value: ({ primary }) => primary },
    { header: 'LACP', value: ({ lacp }) => lacp && `${lacp.mode}, ${lacp.rate}` },
    { header: 'revision', value: ({ revision }) => revision },
    { header: 'created', value: ({ createdAt }) => createdAt },
    { header: 'updated', value: ({ updatedAt }) => updatedAt },
  ],
  settings: [
    {
      flags: '--switch <name>',
      description: 'the switch that it connects',
      createOnly: true,
      fragment: async (given, lookup) => ({ switchId: await lookup.id('switch', given) }),
    },
    {
      flags: '--host <name>',
      description: 'the host whose NICs these are',
      createOnly: true,
      fragment: async (given, lookup) => ({ hostId: await lookup.id('host', given) }),
    },
    {
      flags: '--nics <list>',
      description:
        '1 to 8 NICs with commas, by kernel name (eth1) or PCI address (0000:3b:00.0); a PCI NIC is driven by DPDK',
      fragment: (text) => ({ members: text.split(',').map((nic) => readNic(nic.trim())) }),
    },
    {
      flags: '--bond <mode>',
      description: 'how several NICs share traffic, default active-backup',
      choices: BOND_MODES,
      fragment: (bondMode) => ({ bondMode }),
    },
    {
      flags: '--primary <nic>',
      description: 'preferred NIC of active-backup; "none" (default)',
      fragment: (text) => ({ primary: primaryName(text) }),
    },
    {
      flags: '--lacp-mode <mode>',
      description: 'active (default) or passive; with --bond lacp',
      choices: ['active', 'passive'],
      fragment: (mode) => ({ lacp: { mode } }),
    },
    {
      flags: '--lacp-rate <rate>',
      description: 'slow (default, every 30 s) or fast (every second); with --bond lacp',
      choices: ['slow', 'fast'],
      fragment: (rate) => ({ lacp: { rate } }),
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
      flags: '--host <name>',
      description: 'of this host',
      fragment: async (given, lookup) => ({ hostId: await lookup.id('host', given) }),
    },
  ],
  sortable: ['name', 'createdAt', 'updatedAt'],
  readOnly: ['id', 'version', 'revision', 'createdAt', 'updatedAt'],
  examples: {
    list: ['uplink-group list --host compute-1'],
    get: ['uplink-group get uplink --on-host compute-1'],
    create: [
      'uplink-group create uplink --switch prod --host compute-1 --nics eth1',
      'uplink-group create uplink --switch prod --host compute-1 --nics 0000:3b:00.0,0000:3b:00.1 --bond lacp --lacp-rate fast',
    ],
    edit: ['uplink-group edit uplink --on-host compute-1 --primary eth2 --wait'],
    delete: ['uplink-group delete uplink --on-host compute-1 --yes'],
  },
});

function primaryName(text: string): string | null {
  return orNone(text) === null ? null : nicName(readNic(text));
}
