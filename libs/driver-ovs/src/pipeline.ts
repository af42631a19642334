/**
 * The OpenFlow pipeline of a bridge, as data: tables, stages, meter ids and cookies are declared here and nowhere else. It only
 * takes away: what a port may not send, and what is above a threshold. VLANs are the business of OVSDB (Port.tag, trunks) and
 * forwarding is NORMAL's. Everything is a pure function of port numbers and policy, so a restarted agent compares and finds nothing
 * to do.
 */
import { ReservedPort, tagged, type Flow, type Instructions, type Match } from '@opendvs/openflow';
import type { AdminStatus, BroadcastSuppression, SuppressionKind } from '@opendvs/model';
import { countWithoutDropping } from './observe-only';

export const TABLES = {
  /** Who sent it? Frames of no port of ours, and of ports that are administratively down, end here. */
  classify: 0,
  /** Thresholds on ARP broadcasts and on IPv4 broadcasts. */
  stormKind: 10,
  /** Meters of the table before for port groups that only observe; visited on the side. */
  stormKindObserved: 11,
  /** Thresholds on all broadcasts and on multicasts. */
  stormAll: 20,
  /** Likewise. */
  stormAllObserved: 21,
  /** VLANs, MAC learning, bonds: the switch itself. */
  forward: 60,
} as const;

/** A flow without its cookie, which follows from whose it is: plain JSON. */
export type PipelineFlow = Omit<Flow, 'cookie' | 'options'>;

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const GROUP_BIT = '01:00:00:00:00:00';
const ETH_TYPE_IPV4 = 0x0800;
const ETH_TYPE_ARP = 0x0806;
/** Reserved (IEEE 802.1Q, 9.6): the VLAN that ports of a group that is administratively down are in. */
export const VLAN_NOWHERE = 4095;

const STAGES = {
  kind: { table: TABLES.stormKind, observedTable: TABLES.stormKindObserved, next: TABLES.stormAll },
  all: { table: TABLES.stormAll, observedTable: TABLES.stormAllObserved, next: TABLES.forward },
} as const;

interface LimitedKind {
  kind: SuppressionKind;
  /** Which of a port's four meters: meter ids and so the engine's state depend on it, never renumber. */
  meterIndex: number;
  stage: keyof typeof STAGES;
  priority: number;
  match: Match;
}

/** The kinds of traffic that the engine can tell before NORMAL looks the destination up. */
export const LIMITED_KINDS: readonly LimitedKind[] = [
  {
    kind: 'arpBroadcast',
    meterIndex: 0,
    stage: 'kind',
    priority: 100,
    match: { ethDst: BROADCAST, ethType: ETH_TYPE_ARP },
  },
  {
    kind: 'ipBroadcast',
    meterIndex: 1,
    stage: 'kind',
    priority: 100,
    match: { ethDst: BROADCAST, ethType: ETH_TYPE_IPV4 },
  },
  { kind: 'allBroadcast', meterIndex: 2, stage: 'all', priority: 110, match: { ethDst: BROADCAST } },
  {
    kind: 'multicast',
    meterIndex: 3,
    stage: 'all',
    priority: 100,
    match: { ethDst: { value: GROUP_BIT, mask: GROUP_BIT } },
  },
];
const METERS_PER_PORT = 4;

export function meterIdOf(portNumber: number, meterIndex: number): number {
  return portNumber * METERS_PER_PORT + meterIndex;
}

/** The inverse: whose meter would that be, if it is one of ours? */
export function meterOf(meterId: number): { portNumber: number; kind: SuppressionKind } {
  const { kind } = LIMITED_KINDS[meterId % METERS_PER_PORT]!;
  return { portNumber: Math.floor(meterId / METERS_PER_PORT), kind };
}

/** What a set of flows is for. All flows of one owner have one cookie. */
export type FlowOwner = { of: 'switch' } | { of: 'uplink' } | { of: 'port'; portNumber: number };

/** Upper 16 bits of every cookie of ours: "DV". Flows without it are somebody else's. */
const COOKIE_MARK = 0x4456n;
export const COOKIE_OF_OURS = { cookie: COOKIE_MARK << 48n, cookieMask: 0xffffn << 48n } as const;
const OWNER_CODES = { switch: 1n, uplink: 2n, port: 3n } as const;

/** 16 bits mark, 16 bits kind of owner, 32 bits port number. */
export function cookieOf(owner: FlowOwner): bigint {
  const number = owner.of === 'port' ? BigInt(owner.portNumber) : 0n;
  return (COOKIE_MARK << 48n) | (OWNER_CODES[owner.of] << 32n) | number;
}

/** `null`: not a flow of ours. */
export function ownerOfCookie(cookie: bigint): FlowOwner | null {
  if (cookie >> 48n !== COOKIE_MARK) return null;
  const code = (cookie >> 32n) & 0xffffn;
  if (code === OWNER_CODES.port) return { of: 'port', portNumber: Number(cookie & 0xffff_ffffn) };
  if (code === OWNER_CODES.uplink) return { of: 'uplink' };
  return code === OWNER_CODES.switch ? { of: 'switch' } : null;
}

/** Flows that every bridge of ours has. */
export const SWITCH_FLOWS: readonly PipelineFlow[] = inOrder([
  flow(TABLES.classify, 200, { vlanVid: tagged(VLAN_NOWHERE) }, {}),
  flow(TABLES.stormKind, 0, {}, { gotoTable: TABLES.stormAll }),
  flow(TABLES.stormAll, 0, {}, { gotoTable: TABLES.forward }),
  flow(TABLES.forward, 0, {}, { apply: [{ type: 'output', port: ReservedPort.NORMAL }] }),
]);

/** What comes from the physical network has passed its own switch: no thresholds. */
export function uplinkFlows(portNumbers: readonly number[]): PipelineFlow[] {
  const ascending = [...portNumbers].sort((a, b) => a - b);
  return ascending.map((inPort) => flow(TABLES.classify, 100, { inPort }, { gotoTable: TABLES.forward }));
}

export function portFlows(
  inPort: number,
  adminStatus: AdminStatus,
  suppression: BroadcastSuppression,
): PipelineFlow[] {
  if (adminStatus === 'down') return [flow(TABLES.classify, 100, { inPort }, {})];
  const limited = LIMITED_KINDS.filter(({ kind }) => suppression[kind] !== null);
  const first = limited.length === 0 ? TABLES.forward : TABLES.stormKind;
  return inOrder([
    flow(TABLES.classify, 100, { inPort }, { gotoTable: first }),
    ...limited.flatMap((kind) => limitingFlows(inPort, kind, suppression.observeOnly)),
    ...broadcastPassingMulticast(inPort, suppression),
  ]);
}

function limitingFlows(inPort: number, limited: LimitedKind, observeOnly: boolean): PipelineFlow[] {
  const { table, observedTable, next } = STAGES[limited.stage];
  const match = { inPort, ...limited.match };
  const meter = meterIdOf(inPort, limited.meterIndex);
  if (!observeOnly) return [flow(table, limited.priority, match, { meter, gotoTable: next })];
  return [
    flow(table, limited.priority, match, {
      apply: [countWithoutDropping(observedTable, inPort)],
      gotoTable: next,
    }),
    flow(observedTable, limited.priority, match, { meter }),
  ];
}

/** Broadcast is a group address too: with a threshold on multicast alone, it must not fall under that. */
function broadcastPassingMulticast(inPort: number, suppression: BroadcastSuppression): PipelineFlow[] {
  if (!suppression.multicast || suppression.allBroadcast) return [];
  return [flow(TABLES.stormAll, 110, { inPort, ethDst: BROADCAST }, { gotoTable: TABLES.forward })];
}

/**
 * The order of flows in a spec, which must be the same whether they were rendered or read from a switch: that of their keys in
 * libs/openflow, found here from what tells flows of one owner apart.
 */
function inOrder(flows: PipelineFlow[]): PipelineFlow[] {
  return flows.sort(
    (a, b) => a.table - b.table || a.priority - b.priority || (a.match.ethType ?? 0) - (b.match.ethType ?? 0),
  );
}

function flow(table: number, priority: number, match: Match, instructions: Instructions): PipelineFlow {
  return { table, priority, match, instructions };
}
