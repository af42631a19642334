/** Numbers of OpenFlow 1.4 (ONF TS-020, wire version 5), the one version spoken here, as far as they are used. */

export const OPENFLOW_VERSION = 5;
export const HEADER_BYTES = 8;
/** The header's length field is 16 bits wide. */
export const MESSAGE_BYTES_MAX = 0xffff;

export const MessageType = {
  HELLO: 0,
  ERROR: 1,
  ECHO_REQUEST: 2,
  ECHO_REPLY: 3,
  FEATURES_REQUEST: 5,
  FEATURES_REPLY: 6,
  SET_CONFIG: 9,
  PORT_STATUS: 12,
  FLOW_MOD: 14,
  PORT_MOD: 16,
  MULTIPART_REQUEST: 18,
  MULTIPART_REPLY: 19,
  BARRIER_REQUEST: 20,
  BARRIER_REPLY: 21,
  SET_ASYNC: 28,
  METER_MOD: 29,
  BUNDLE_CONTROL: 33,
  BUNDLE_ADD_MESSAGE: 34,
} as const;

export const MultipartType = {
  FLOW: 1,
  AGGREGATE: 2,
  PORT_STATS: 4,
  METER: 9,
  METER_CONFIG: 10,
  PORT_DESC: 13,
  FLOW_MONITOR: 16,
} as const;

/** OFPP_*: ports that are not ports. ANY stands for "no restriction" in filters. */
export const ReservedPort = {
  IN_PORT: 0xffff_fff8,
  TABLE: 0xffff_fff9,
  NORMAL: 0xffff_fffa,
  FLOOD: 0xffff_fffb,
  ALL: 0xffff_fffc,
  CONTROLLER: 0xffff_fffd,
  LOCAL: 0xffff_fffe,
  ANY: 0xffff_ffff,
} as const;

export const ANY_GROUP = 0xffff_ffff;
export const ALL_TABLES = 0xff;
export const ALL_METERS = 0xffff_ffff;
export const NO_BUFFER = 0xffff_ffff;

/** Priority of a flow for which ovs-ofctl was given none; its text form leaves it out. */
export const DEFAULT_PRIORITY = 0x8000;

/** OFPVID_PRESENT: set in `vlanVid` for any tagged frame. */
export const VLAN_PRESENT = 0x1000;

/** `vlanVid` of a frame that carries this VLAN ID (0..4095). */
export const tagged = (vlanId: number): number => VLAN_PRESENT | vlanId;

export const EXPERIMENTER = 0xffff;
export const NICIRA_EXPERIMENTER = 0x2320;
