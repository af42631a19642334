/**
 * The packet fields that flows can match and set: one line each. The order is the one in which ovs-vswitchd writes them into its
 * flow statistics (nx_put_raw in its lib/nx-match.c); encoding keeps to it, so that equal matches are equal bytes. To support
 * another field, add its line where that function has it.
 */
import type { ValueType } from './values';
import { ipv4, ipv6, mac, u16, u16Hex, u32, u32Hex, u64Hex, u8 } from './values';

/** OXM classes: OpenFlow's own fields, and Nicira's registers (NXM_NX). */
const OPENFLOW_BASIC = 0x8000;
const NICIRA = 0x0001;

export interface FieldSpec<T = unknown, Maskable extends boolean = boolean> {
  oxmClass: number;
  oxmField: number;
  type: ValueType<T>;
  maskable: Maskable;
  /** What ovs-ofctl calls it in a match, and as the target of set_field. */
  matchName: string;
  setName: string;
  /** The mask that covers the whole field. */
  fullMask: Buffer;
}

interface Names {
  match: string;
  /** Where it differs from the name in a match. */
  set?: string;
  /** Where not all of its bytes' bits are in use. */
  bits?: number;
}

const lowBits = (bytes: number, bits: number): Buffer =>
  Buffer.from(((1n << BigInt(bits)) - 1n).toString(16).padStart(bytes * 2, '0'), 'hex');

function exact<T>(oxmField: number, type: ValueType<T>, names: Names): FieldSpec<T, false> {
  const { match, set = match, bits = type.bytes * 8 } = names;
  return {
    oxmClass: OPENFLOW_BASIC,
    oxmField,
    type,
    maskable: false,
    matchName: match,
    setName: set,
    fullMask: lowBits(type.bytes, bits),
  };
}

const masked = <T>(oxmField: number, type: ValueType<T>, names: Names): FieldSpec<T, true> => ({
  ...exact(oxmField, type, names),
  maskable: true,
});

const register = (n: number): FieldSpec<number, true> => ({
  ...masked(n, u32Hex, { match: `reg${n}` }),
  oxmClass: NICIRA,
});

export const FIELDS = {
  inPort: exact(0, u32, { match: 'in_port' }),
  ethSrc: masked(4, mac, { match: 'dl_src', set: 'eth_src' }),
  ethDst: masked(3, mac, { match: 'dl_dst', set: 'eth_dst' }),
  ethType: exact(5, u16Hex, { match: 'dl_type', set: 'eth_type' }),
  /** With VLAN_PRESENT: see `tagged`. 0 is an untagged frame, {value: VLAN_PRESENT, mask: VLAN_PRESENT} any tagged one. */
  vlanVid: masked(6, u16, { match: 'dl_vlan', set: 'vlan_vid', bits: 13 }),
  vlanPcp: exact(7, u8, { match: 'dl_vlan_pcp', set: 'vlan_pcp' }),
  ipv4Src: masked(11, ipv4, { match: 'nw_src', set: 'ip_src' }),
  ipv4Dst: masked(12, ipv4, { match: 'nw_dst', set: 'ip_dst' }),
  ipv6Src: masked(26, ipv6, { match: 'ipv6_src' }),
  ipv6Dst: masked(27, ipv6, { match: 'ipv6_dst' }),
  ipProto: exact(10, u8, { match: 'nw_proto' }),
  tcpSrc: masked(13, u16, { match: 'tp_src', set: 'tcp_src' }),
  tcpDst: masked(14, u16, { match: 'tp_dst', set: 'tcp_dst' }),
  udpSrc: masked(15, u16, { match: 'tp_src', set: 'udp_src' }),
  udpDst: masked(16, u16, { match: 'tp_dst', set: 'udp_dst' }),
  icmpv4Type: exact(19, u8, { match: 'icmp_type' }),
  icmpv4Code: exact(20, u8, { match: 'icmp_code' }),
  icmpv6Type: exact(29, u8, { match: 'icmp_type', set: 'icmpv6_type' }),
  icmpv6Code: exact(30, u8, { match: 'icmp_code', set: 'icmpv6_code' }),
  arpOp: exact(21, u16, { match: 'arp_op' }),
  arpSpa: masked(22, ipv4, { match: 'arp_spa' }),
  arpTpa: masked(23, ipv4, { match: 'arp_tpa' }),
  arpSha: masked(24, mac, { match: 'arp_sha' }),
  reg0: register(0),
  reg1: register(1),
  reg2: register(2),
  reg3: register(3),
  reg4: register(4),
  reg5: register(5),
  reg6: register(6),
  reg7: register(7),
  metadata: masked(2, u64Hex, { match: 'metadata' }),
} satisfies Record<string, FieldSpec<string> | FieldSpec<number> | FieldSpec<bigint>>;

export type FieldName = keyof typeof FIELDS;
export type FieldValue<F extends FieldName> = (typeof FIELDS)[F] extends FieldSpec<infer T> ? T : never;

export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[];

/** The spec of a field whose name is known only at run time; callers pass values of that field's own type. */
export const fieldSpec = (name: FieldName): FieldSpec => FIELDS[name];

/** First word of the field in a match, without its length: class, field number and whether a mask follows. */
export const oxmWord = (spec: Pick<FieldSpec, 'oxmClass' | 'oxmField'>, hasMask: boolean): number =>
  ((spec.oxmClass << 16) | (spec.oxmField << 9) | (hasMask ? 0x100 : 0)) >>> 0;

const BY_OXM = new Map<number, FieldName>(FIELD_NAMES.map((name) => [oxmWord(FIELDS[name], false), name]));

/** Which field an OXM header (32 bits, with length and mask bit) names. */
export const findField = (oxmHeader: number): FieldName | undefined =>
  BY_OXM.get((oxmHeader & 0xffff_fe00) >>> 0);
