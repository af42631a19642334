/**
 * The status of every port, from what is desired, what failed, and what the engine says. An operator must be able to trust
 * it: while the engine is away nobody knows whether packets flow, so then every port is in error, with that reason.
 */
import type { HostDesired, LivePort } from '@opendvs/dataplane';
import type { Port, PortGroup, PortState, PortStatus } from '@opendvs/model';

export interface BoardInput {
  desired: HostDesired;
  /** Why a port is not as desired, by its id. */
  troubles: ReadonlyMap<string, string>;
  /** null: not read yet. */
  live: ReadonlyMap<string, LivePort> | null;
  /** Why the engine is away; null: it is there. */
  engineAway: string | null;
}

export interface BoardChange {
  changed: PortStatus[];
  gonePortIds: string[];
}

type Verdict = Pick<PortStatus, 'state' | 'reason'>;

export class PortStatusBoard {
  private statuses = new Map<string, PortStatus>();

  get all(): ReadonlyMap<string, PortStatus> {
    return this.statuses;
  }

  /** @param nowMs milliseconds since the Unix epoch */
  update(input: BoardInput, nowMs: number): BoardChange {
    const { desired } = input;
    const groups = new Map(desired.portGroups.map((group) => [group.id, group]));
    const before = this.statuses;
    this.statuses = new Map();
    const changed: PortStatus[] = [];
    for (const port of desired.ports) {
      const earlier = before.get(port.id);
      const status = this.statusOf(port, groups.get(port.portGroupId), input, earlier, nowMs);
      this.statuses.set(port.id, status);
      if (status !== earlier) changed.push(status);
    }
    return { changed, gonePortIds: [...before.keys()].filter((id) => !this.statuses.has(id)) };
  }

  /** The earlier status itself when nothing about it changed. */
  private statusOf(
    port: Port,
    group: PortGroup | undefined,
    input: BoardInput,
    earlier: PortStatus | undefined,
    nowMs: number,
  ): PortStatus {
    const { state, reason } = judge(port, group, input);
    const asDesired = state !== 'error' && state !== 'pending';
    const appliedRevision = asDesired ? port.revision : (earlier?.appliedRevision ?? 0);
    if (
      earlier &&
      earlier.state === state &&
      earlier.reason === reason &&
      earlier.appliedRevision === appliedRevision
    ) {
      return earlier;
    }
    const since = earlier?.state === state ? earlier.since : new Date(nowMs).toISOString();
    return { portId: port.id, state, reason, since, appliedRevision };
  }
}

function judge(
  port: Port,
  group: PortGroup | undefined,
  { troubles, live, engineAway }: BoardInput,
): Verdict {
  if (engineAway !== null) return { state: 'error', reason: `the engine is away: ${engineAway}` };
  const trouble = troubles.get(port.id);
  if (trouble !== undefined) return { state: 'error', reason: trouble };
  const livePort = live?.get(port.id);
  if (!livePort) return { state: 'pending', reason: null };
  if (livePort.link === 'faulty')
    return { state: 'error', reason: livePort.reason ?? 'the engine does not work the port' };
  if (group?.adminStatus === 'down')
    return { state: 'down', reason: `port group "${group.name}" is administratively down` };
  return LINK_VERDICTS[livePort.link];
}

const LINK_VERDICTS: Record<
  'no-peer' | 'connected' | 'disconnected',
  { state: PortState; reason: string | null }
> = {
  'no-peer': { state: 'wired', reason: null },
  connected: { state: 'connected', reason: null },
  disconnected: {
    state: 'down',
    reason: 'the VM has closed the vhost-user socket; the port connects again when the VM is back',
  },
};
