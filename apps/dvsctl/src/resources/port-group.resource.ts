/** Port groups: VLANs, admin status and broadcast suppression of the ports in them. */
import type { Item } from '@opendvs/api-client';
import { formatThreshold, orNone, readInteger, readThreshold, YES_NO } from './read-values';
import { defineResource, type Setting } from './resource';

type PortGroup = Item<'port-groups'>;

const SUPPRESSION_OPTIONS = [
  { option: 'arp', kind: 'arpBroadcast', what: 'ARP broadcasts' },
  { option: 'ip', kind: 'ipBroadcast', what: 'IPv4 broadcasts' },
  { option: 'broadcast', kind: 'allBroadcast', what: 'all broadcasts' },
  { option: 'multicast', kind: 'multicast', what: 'multicast' },
  { option: 'unknown-unicast', kind: 'unknownUnicast', what: 'unicast to unknown addresses' },
] as const;

const suppressionSettings = SUPPRESSION_OPTIONS.map(({ option, kind, what }): Setting => ({
  flags: `--suppress-${option} <rate>`,
  description: `threshold for ${what} that a VM sends: 64kbps, 10Mbps (whole frames), 1000pps or off (default)`,
  fragment: (text) => ({ broadcastSuppression: { [kind]: readThreshold(text) } }),
}));

export const portGroupResource = defineResource<'port-groups'>({
  noun: 'port-group',
  singular: 'port group',
  plural: 'port groups',
  collection: 'port-groups',
  about: 'port groups: VLANs, admin status, broadcast suppression',
  verbs: ['list', 'get', 'create', 'edit', 'delete'],
  scope: 'switch',
  references: ({ switchId }) => [{ noun: 'switch', id: switchId }],
  columns: (names) => [
    { header: 'name', value: ({ name }) => name },
    { header: 'switch', value: ({ switchId }) => names.of(switchId) },
    { header: 'type', value: ({ type }) => type },
    { header: 'VLAN', value: vlanText },
    { header: 'admin', value: ({ adminStatus }) => adminStatus },
    { header: 'suppression', value: suppressionText },
    { header: 'ports', value: ({ portCount }) => portCount, align: 'right' },
    { header: 'id', value: ({ id }) => id },
  ],
  details: () => [
    { header: 'description', value: ({ description }) => description },
    ...SUPPRESSION_OPTIONS.map(({ kind, what }) => ({
      header: `limit of ${what}`,
      value: ({ broadcastSuppression }: PortGroup) =>
        formatThreshold(broadcastSuppression[kind] ?? null) ?? 'off',
    })),
    {
      header: 'observe only',
      value: ({ broadcastSuppression }) => (broadcastSuppression.observeOnly ? 'yes' : 'no'),
    },
    { header: 'revision', value: ({ revision }) => revision },
    { header: 'created', value: ({ createdAt }) => createdAt },
    { header: 'updated', value: ({ updatedAt }) => updatedAt },
  ],
  settings: [
    {
      flags: '--switch <name>',
      description: 'the switch that it belongs to',
      createOnly: true,
      fragment: async (given, lookup) => ({ switchId: await lookup.id('switch', given) }),
    },
    {
      flags: '--vlan <id>',
      description: 'makes it an access port group of this VLAN, 0 to 4094; 0 (default) is untagged',
      fragment: (text) => ({
        type: 'access',
        vlanId: readInteger(text, 'a VLAN id'),
        trunkVlans: null,
        nativeVlanId: null,
      }),
    },
    {
      flags: '--trunk <list>',
      description: 'makes it a trunk of these VLANs, such as 100-199,300',
      fragment: (trunkVlans) => ({ type: 'trunk', trunkVlans, vlanId: null }),
    },
    {
      flags: '--native-vlan <id>',
      description: 'VLAN of untagged frames on a trunk, 1 to 4094; "none" (default): they are dropped',
      fragment: (text) => ({ nativeVlanId: orNone(text) === null ? null : readInteger(text, 'a VLAN id') }),
    },
    {
      flags: '--admin <status>',
      description: 'up (default), or down: its ports neither send nor receive',
      choices: ['up', 'down'],
      fragment: (adminStatus) => ({ adminStatus }),
    },
    ...suppressionSettings,
    {
      flags: '--observe-only <yes|no>',
      description: 'count what is above a threshold, but let it pass; default no',
      choices: YES_NO,
      fragment: (text) => ({ broadcastSuppression: { observeOnly: text === 'yes' } }),
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
      flags: '--switch <name>',
      description: 'of this switch',
      fragment: async (given, lookup) => ({ switchId: await lookup.id('switch', given) }),
    },
    {
      flags: '--type <type>',
      description: 'of this type',
      choices: ['access', 'trunk'],
      fragment: (type) => ({ type }),
    },
    {
      flags: '--vlan <id>',
      description: 'access port groups of this VLAN',
      fragment: (text) => ({ vlanId: readInteger(text, 'a VLAN id') }),
    },
    {
      flags: '--admin <status>',
      description: 'with this admin status',
      choices: ['up', 'down'],
      fragment: (adminStatus) => ({ adminStatus }),
    },
  ],
  sortable: ['name', 'createdAt', 'updatedAt'],
  readOnly: ['id', 'version', 'revision', 'createdAt', 'updatedAt', 'portCount'],
  examples: {
    list: ['port-group list --switch prod --vlan 100'],
    get: ['port-group get web --in-switch prod'],
    create: [
      'port-group create web --switch prod --vlan 100',
      'port-group create backbone --switch prod --trunk 100-199,300 --native-vlan 100',
      'port-group create guests --switch prod --vlan 200 --suppress-arp 64kbps --suppress-broadcast 1000pps',
    ],
    edit: [
      'port-group edit web --vlan 101 --wait',
      'port-group edit guests --suppress-broadcast off --observe-only yes',
    ],
    delete: ['port-group delete web --in-switch prod --yes'],
  },
});

function vlanText({ type, vlanId, trunkVlans, nativeVlanId }: PortGroup): string {
  if (type === 'access') return vlanId ? `${vlanId}` : 'untagged';
  return `${trunkVlans}${nativeVlanId == null ? '' : ` (native ${nativeVlanId})`}`;
}

function suppressionText({ broadcastSuppression }: PortGroup): string | null {
  const limits = SUPPRESSION_OPTIONS.flatMap(({ option, kind }) => {
    const rate = formatThreshold(broadcastSuppression[kind] ?? null);
    return rate === null ? [] : [`${option} ${rate}`];
  });
  if (limits.length === 0) return 'off';
  return limits.join(', ') + (broadcastSuppression.observeOnly ? ' (observed)' : '');
}
