/**
 * Builders of desired states for tests: valid by themselves, with the ids of one process all different and the same in
 * every run. Say only what the test is about.
 */
import { createHash } from 'node:crypto';
import type { HostDesired } from '@opendvs/dataplane';
import {
  MTU_BYTES_DEFAULT,
  NO_SUPPRESSION,
  type BroadcastSuppression,
  type Host,
  type Nic,
  type Port,
  type PortGroup,
  type Switch,
  type UplinkGroup,
} from '@opendvs/model';

let made = 0;

/** A UUID of version 4, as the manager gives them. */
export function anId(): string {
  const hex = createHash('sha256').update(`test object ${++made}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function aSwitch(said: Partial<Switch> = {}): Switch {
  const id = said.id ?? anId();
  return {
    id,
    revision: 1,
    name: `switch ${id.slice(0, 4)}`,
    mode: 'user-mode',
    mtuBytes: MTU_BYTES_DEFAULT,
    ...said,
  };
}

/** Access VLAN 100, up, no thresholds. */
export function aPortGroup(ofSwitch: Pick<Switch, 'id'>, said: Partial<PortGroup> = {}): PortGroup {
  const id = said.id ?? anId();
  return {
    id,
    revision: 1,
    switchId: ofSwitch.id,
    name: `group ${id.slice(0, 4)}`,
    vlan: { type: 'access', vlanId: 100 },
    adminStatus: 'up',
    broadcastSuppression: NO_SUPPRESSION,
    ...said,
  };
}

/** Thresholds, all others off: `aSuppression({ arpBroadcast: { unit: 'pps', rate: 100 } })`. */
export function aSuppression(said: Partial<BroadcastSuppression>): BroadcastSuppression {
  return { ...NO_SUPPRESSION, ...said };
}

let portNumber = 0;

export function aPort(ofGroup: Pick<PortGroup, 'id' | 'switchId'>, said: Partial<Port> = {}): Port {
  const id = said.id ?? anId();
  const number = said.number ?? (portNumber = (portNumber % 1000) + 1);
  return {
    id,
    revision: 1,
    hostId: NO_HOST,
    switchId: ofGroup.switchId,
    portGroupId: ofGroup.id,
    name: `port ${id.slice(0, 4)}`,
    number,
    macAddress: `02:0d:75:00:${hexByte(number >> 8)}:${hexByte(number & 0xff)}`,
    queues: 1,
    ringSize: 256,
    ...said,
  };
}

export function anUplinkGroup(members: readonly Nic[], said: Partial<UplinkGroup> = {}): UplinkGroup {
  return {
    id: anId(),
    name: 'uplink',
    members: [...members],
    bondMode: 'active-backup',
    primary: null,
    lacp: null,
    ...said,
  };
}

export interface SaidOfHostDesired {
  host?: Partial<Host>;
  switches?: Switch[];
  portGroups?: PortGroup[];
  ports?: Port[];
  /** By switch id; the switches without one have no uplink. */
  uplinks?: Record<string, UplinkGroup>;
}

/** A complete state: the host takes part in every switch given, and every port is on it. */
export function aHostDesired(said: SaidOfHostDesired = {}): HostDesired {
  const { switches = [], portGroups = [], ports = [], uplinks = {} } = said;
  const id = said.host?.id ?? anId();
  const host: Host = {
    id,
    revision: 1,
    name: `host ${id.slice(0, 4)}`,
    engine: 'sim',
    vhostSocketDir: '/run/opendvs/vhost',
    switches: switches.map((one) => ({ switchId: one.id, uplinkGroup: uplinks[one.id] ?? null })),
    ...said.host,
  };
  return { host, switches, portGroups, ports: ports.map((port) => ({ ...port, hostId: id })) };
}

/**
 * The state after an edit of one switch, port group or port: a new object with the next revision in its place, all others the
 * same by identity, as they come from the bus.
 */
export function withEdit<K extends 'switches' | 'portGroups' | 'ports'>(
  desired: HostDesired,
  kind: K,
  id: string,
  edit: Partial<HostDesired[K][number]>,
): HostDesired {
  const objects: HostDesired[K][number][] = desired[kind];
  if (!objects.some((object) => object.id === id))
    throw new Error(`no ${id} among the ${kind} of this desired state`);
  return {
    ...desired,
    [kind]: objects.map((object) =>
      object.id === id ? { ...object, ...edit, revision: object.revision + 1 } : object,
    ),
  };
}

export function withoutPort(desired: HostDesired, portId: string): HostDesired {
  return { ...desired, ports: desired.ports.filter(({ id }) => id !== portId) };
}

const NO_HOST = '00000000-0000-4000-8000-000000000000';

function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0');
}
