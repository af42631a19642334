/** What the manager knows of hosts and ports from their own reports: the read model's types. */
import type { Heartbeat } from '@opendvs/contracts';
import type { AppliedRevisions, PortStatus } from '@opendvs/model';

/**
 * alive: its agent reports. down: the agent has been silent for HEARTBEAT_TIMEOUT_MS. unknown: it has never reported, or we can't tell
 * as this manager has just started or has no connection to the bus.
 */
export type HostState = 'alive' | 'down' | 'unknown';

export type HostEngine = NonNullable<Heartbeat['engine']>;

/** All but `state`, `since` and `reason` is as last reported: it outlives silence and restarts of the manager. */
export interface HostStatus {
  hostId: string;
  state: HostState;
  since: Date;
  /** Why it is not alive. */
  reason: string | null;
  /** null: never. */
  lastSeenAt: Date | null;
  agentVersion: string | null;
  engine: HostEngine | null;
  /** Which desired state the agent acts on; null before its first heartbeat. */
  desiredState: Heartbeat['desiredState'] | null;
  desiredStateReason: string | null;
  appliedRevisions: AppliedRevisions;
  problems: Heartbeat['problems'];
}

/** `stale`: its host is not alive, or hasn't confirmed it since this manager started; it may be otherwise by now. */
export interface ReportedPortStatus extends PortStatus {
  hostId: string;
  reportedAt: Date;
  stale: boolean;
}

export function neverReported(hostId: string, now: Date): HostStatus {
  return {
    hostId,
    state: 'unknown',
    since: now,
    reason: 'its agent has never reported: start it, with this host id and the address of this bus',
    lastSeenAt: null,
    agentVersion: null,
    engine: null,
    desiredState: null,
    desiredStateReason: null,
    appliedRevisions: { host: 0, shared: 0 },
    problems: [],
  };
}
