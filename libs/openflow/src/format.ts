/**
 * Flows as text, letter for letter as `ovs-ofctl -O OpenFlow14 --no-stats dump-flows` prints them (match_format and ofpacts_format in
 * Open vSwitch): for golden files, logs and people who know that tool.
 */
import type { Action } from './actions';
import type { FieldName } from './fields';
import { FIELD_NAMES, fieldSpec } from './fields';
import type { Flow, FlowMod, FlowOptions } from './flow';
import type { Instructions } from './instructions';
import type { Masked, Match } from './match';
import { DEFAULT_PRIORITY, ReservedPort, VLAN_PRESENT } from './protocol';

const PORT_NAMES = new Map<number, string>(Object.entries(ReservedPort).map(([name, port]) => [port, name]));

const portText = (port: number): string => PORT_NAMES.get(port) ?? String(port);

/** `cookie=0x5, table=10, priority=100,arp,in_port=3 actions=meter:12,goto_table:20`; zero cookie and table are left out. */
export function formatFlow(flow: Flow): string {
  const cookie = flow.cookie === 0n ? '' : `cookie=0x${flow.cookie.toString(16)}, `;
  const table = flow.table === 0 ? '' : `table=${flow.table}, `;
  const match = formatMatch(flow);
  return `${cookie}${table}${flow.options ? formatOptions(flow.options) : ''}${match}${match && ' '}actions=${formatInstructions(flow.instructions)}`;
}

/** For error messages: "add cookie=0x5, table=10, …". */
export function formatFlowMod(mod: FlowMod): string {
  if (mod.command !== 'delete') return `${mod.command} ${formatFlow(mod.flow)}`;
  return `delete table=${mod.flow.table}, ${formatMatch(mod.flow)}`;
}

const FLAG_NAMES = ['send_flow_rem', 'check_overlap', 'reset_counts', 'no_packet_counts', 'no_byte_counts'];

function formatOptions({ idleTimeoutSeconds, hardTimeoutSeconds, flags, importance }: FlowOptions): string {
  return [
    idleTimeoutSeconds ? `idle_timeout=${idleTimeoutSeconds}, ` : '',
    hardTimeoutSeconds ? `hard_timeout=${hardTimeoutSeconds}, ` : '',
    ...FLAG_NAMES.map((name, bit) => (flags & (1 << bit) ? `${name} ` : '')),
    importance ? `importance=${importance}, ` : '',
  ].join('');
}

/** Where ovs-ofctl's order of fields differs from the one on the wire: these come first, then all others. */
const TEXT_ORDER: FieldName[] = [
  ...FIELD_NAMES.filter((name) => name.startsWith('reg')),
  ...(['metadata', 'inPort', 'vlanVid', 'ethSrc', 'ethDst', 'ethType', 'ipv6Src', 'ipv6Dst'] as const),
  ...(['arpSpa', 'arpTpa', 'ipv4Src', 'ipv4Dst', 'ipProto', 'arpOp', 'arpSha'] as const),
];
const ORDERED = [...TEXT_ORDER, ...FIELD_NAMES.filter((name) => !TEXT_ORDER.includes(name))];

/** Priority and match: "priority=100,arp,in_port=3"; empty for a flow of default priority that matches all. */
export function formatMatch({ priority, match }: Pick<Flow, 'priority' | 'match'>): string {
  const protocol = protocolName(match);
  const parts = priority === DEFAULT_PRIORITY ? [] : [`priority=${priority}`];
  if (protocol) parts.push(protocol.name);
  for (const name of ORDERED) {
    const value = match[name];
    if (name === 'vlanVid' && (value !== undefined || match.vlanPcp !== undefined))
      parts.push(vlanText(match));
    else if (value !== undefined && name !== 'vlanPcp' && !protocol?.implies.includes(name)) {
      parts.push(`${fieldSpec(name).matchName}=${fieldText(name, value)}`);
    }
  }
  if (match.unknown !== undefined) parts.push(`unknown=${match.unknown}`);
  return parts.join(',');
}

function fieldText(name: FieldName, value: unknown): string {
  if (name === 'inPort') return portText(value as number);
  const { type } = fieldSpec(name);
  if (typeof value !== 'object' || value === null) return type.text(value);
  const masked = value as Masked<unknown>;
  return type.text(masked.value, masked.mask);
}

const ARP = 0x0806;
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const IP_PROTOCOLS: Record<number, Record<number, string>> = {
  [IPV4]: { 1: 'icmp', 6: 'tcp', 17: 'udp', 132: 'sctp' },
  [IPV6]: { 58: 'icmp6', 6: 'tcp6', 17: 'udp6', 132: 'sctp6' },
};
const ETH_TYPES: Record<number, string> = {
  [ARP]: 'arp',
  [IPV4]: 'ip',
  [IPV6]: 'ipv6',
  0x8035: 'rarp',
  0x8847: 'mpls',
  0x8848: 'mplsm',
};

/** The one word that stands for an Ethernet type, or for it and an IP protocol. */
function protocolName({ ethType, ipProto }: Match): { name: string; implies: FieldName[] } | undefined {
  if (ethType === undefined) return undefined;
  const both = ipProto === undefined ? undefined : IP_PROTOCOLS[ethType]?.[ipProto];
  if (both) return { name: both, implies: ['ethType', 'ipProto'] };
  const name = ETH_TYPES[ethType];
  return name ? { name, implies: ['ethType'] } : undefined;
}

const VID_BITS = 0x0fff;
const PCP_BITS = 0xe000;

/** Of an 802.1Q tag, ovs-ofctl shows ID and priority where they are exact, otherwise the tag's bits. */
function vlanText({ vlanVid, vlanPcp }: Match): string {
  const vid =
    typeof vlanVid === 'object'
      ? vlanVid
      : { value: vlanVid ?? 0, mask: vlanVid === undefined ? 0 : VLAN_PRESENT | VID_BITS };
  const value = vid.value | ((vlanPcp ?? 0) << 13);
  const mask = vid.mask | (vlanPcp === undefined ? 0 : PCP_BITS);
  const whole = (bits: number): boolean => (mask & bits) === 0 || (mask & bits) === bits;
  const isTagged = (value & mask & VLAN_PRESENT) !== 0;
  if (isTagged && whole(VID_BITS) && whole(PCP_BITS) && (mask & ~VLAN_PRESENT) !== 0) {
    return [
      ...(mask & VID_BITS ? [`dl_vlan=${value & VID_BITS}`] : []),
      ...(mask & PCP_BITS ? [`dl_vlan_pcp=${value >> 13}`] : []),
    ].join(',');
  }
  const bits = (tci: number): string => `0x${tci.toString(16).padStart(4, '0')}`;
  return mask === 0xffff ? `vlan_tci=${bits(value)}` : `vlan_tci=${bits(value)}/${bits(mask)}`;
}

/** What stands behind "actions=". */
export function formatInstructions({
  meter,
  apply = [],
  write = [],
  gotoTable,
  unknown,
}: Instructions): string {
  const parts = apply.map(formatAction);
  if (meter !== undefined) parts.unshift(`meter:${meter}`);
  if (write.length > 0) parts.push(`write_actions(${write.map(formatAction).join(',')})`);
  if (unknown !== undefined) parts.push(`unknown(${unknown})`);
  if (gotoTable !== undefined) parts.push(`goto_table:${gotoTable}`);
  return parts.join(',') || 'drop';
}

function formatAction(action: Action): string {
  switch (action.type) {
    case 'output':
      if (action.port === ReservedPort.CONTROLLER) return `CONTROLLER:${action.maxBytes ?? 0xffff}`;
      return PORT_NAMES.get(action.port) ?? `output:${action.port}`;
    case 'group':
      return `group:${action.group}`;
    case 'setField':
      return `set_field:${fieldText(action.field, action.value)}->${fieldSpec(action.field).setName}`;
    case 'load':
      return `load:${hex(action.value)}->NXM_NX_${action.register.toUpperCase()}[${bitRange(action.offset, action.bits)}]`;
    case 'pushVlan':
      return `push_vlan:${hex(action.ethType)}`;
    case 'popVlan':
      return 'pop_vlan';
    case 'resubmit':
      return `resubmit(${action.inPort === undefined ? '' : portText(action.inPort)},${action.table})`;
    case 'outputTruncated':
      return `output(port=${portText(action.port)},max_len=${action.maxBytes})`;
    case 'clone':
      return `clone(${action.actions.map(formatAction).join(',')})`;
    case 'unknown':
      return `unknown(${action.hex})`;
  }
}

const hex = (value: number | bigint): string =>
  value === 0 || value === 0n ? '0' : `0x${value.toString(16)}`;

function bitRange(offset: number, bits: number): string {
  if (offset === 0 && bits === 32) return '';
  return bits === 1 ? String(offset) : `${offset}..${offset + bits - 1}`;
}
