/**
 * What hosts tell of themselves.
 *
 * Life of a port: `pending` (not yet asked of the engine) → `wired` (the engine has it, no VM yet) → `connected` (a VM is
 * on the socket) ⇄ `down` (the VM has gone, or the port group is administratively down) ; `error` with a reason from anywhere.
 */
import type { SuppressionKind } from './broadcast-suppression';
import type { Revision } from './objects';

export const PORT_STATES = ['pending', 'wired', 'connected', 'down', 'error'] as const;
export type PortState = (typeof PORT_STATES)[number];

export interface PortStatus {
  portId: string;
  state: PortState;
  /** Why, for `down` and `error`: what is wrong, where, and what to do. */
  reason: string | null;
  /** ISO 8601, UTC: since when it has been in this state. */
  since: string;
  /** Revision of the port object that the dataplane carries; 0 before the first. */
  appliedRevision: Revision;
}

/**
 * What a host has applied. A host's own objects and the shared ones reach it in two streams, each in the order of revisions;
 * all of a stream up to the number is in the dataplane.
 */
export interface AppliedRevisions {
  host: Revision;
  shared: Revision;
}

/**
 * Counters of one port since `epoch` began, from the switch's point of view: rx is what the VM sent. Within an epoch they
 * never decrease; a new epoch (engine restart, port made anew) starts a new series, so a rate is only ever taken inside one.
 */
export interface PortCounters {
  portId: string;
  epoch: string;
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
  rxUnicastPackets: number;
  rxMulticastPackets: number;
  rxBroadcastPackets: number;
  rxDroppedPackets: number;
  txDroppedPackets: number;
  rxErrors: number;
  txErrors: number;
  /** Frames above a threshold: dropped, or only counted when the port group observes. */
  suppressed: Partial<Record<SuppressionKind, { packets: number; bytes: number }>>;
  /** Times that a VM connected to the socket since the agent first saw the port. */
  vhostConnects: number;
}
