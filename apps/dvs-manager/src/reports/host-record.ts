/**
 * One host's part of the read model. Folds its messages in the order they arrive and notices what is missing: a gap in the
 * numbers, a start of the agent that we know nothing of, a status that lags behind the heartbeat. Then the record is incomplete until a
 * full report has come, and what it says of "applied" does not move: a report we missed may have told of an error.
 *
 * Times are the manager's own (milliseconds of a monotonic clock for intervals): hosts' clocks are not trusted.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  type CountersReport,
  type Heartbeat,
  HEARTBEAT_TIMEOUT_MS,
  type StatusReport,
} from '@opendvs/contracts';
import type { PortStatus } from '@opendvs/model';
import { type HostEngine, type HostState, type HostStatus, neverReported } from './host-status';

/** For so long the heartbeat may be ahead of the status reports. */
const LAG_TOLERANCE_MS = 1000;
const RETIRED_BOOTS_KEPT = 4;

type Report = Heartbeat | StatusReport | CountersReport;

/** `refused`: not folded, and why. */
export type Admission = { refused: string } | { refused: null; gap: boolean };

export interface PortChanges {
  changed: PortStatus[];
  gone: string[];
}

export class HostRecord {
  status: HostStatus;
  readonly ports = new Map<string, PortStatus & { reportedAt: Date }>();
  /** A full report is needed. */
  incomplete = true;
  /** Ports have been confirmed by a report since this manager started. */
  confirmed = false;
  /** When the last message came; -Infinity before the first. */
  heardAtMs = -Infinity;

  private bootId: string | null = null;
  private readonly retiredBoots: string[] = [];
  private readonly lastSeq = { heartbeat: -1, status: -1, counters: -1 };
  private laggingSinceMs: number | null = null;
  private partsOfFull: Set<string> | null = null;

  constructor(hostId: string, now: Date) {
    this.status = neverReported(hostId, now);
  }

  /** Whose message is it, and did we get all before it? Must be asked before a message is folded. */
  admit(kind: keyof HostRecord['lastSeq'], { bootId, seq }: Report, nowMs: number): Admission {
    if (bootId !== this.bootId) {
      if (this.retiredBoots.includes(bootId) && nowMs - this.heardAtMs < HEARTBEAT_TIMEOUT_MS)
        return { refused: 'a later start of the agent is alive; do two agents run with this host id?' };
      this.begin(bootId);
    }
    if (seq <= this.lastSeq[kind]) return { refused: `its seq ${seq} was already passed` };
    const gap = seq !== this.lastSeq[kind] + 1;
    this.lastSeq[kind] = seq;
    this.heardAtMs = nowMs;
    return { refused: null, gap };
  }

  /** Any message is a sign of life. @returns whether the host wasn't alive before */
  heard(now: Date): boolean {
    this.status = { ...this.status, lastSeenAt: now };
    return this.setState('alive', null, now);
  }

  /** @returns whether anything people see has changed */
  foldHeartbeat(report: Heartbeat, nowMs: number): boolean {
    const before = this.status;
    const { agentVersion, engine, desiredState, desiredStateReason, problems } = report;
    this.status = {
      ...before,
      agentVersion,
      engine: engine ?? notOpened(before.engine),
      desiredState,
      desiredStateReason,
      problems,
    };
    this.noteLag(report, nowMs);
    return !isDeepStrictEqual(before, this.status);
  }

  /** `known`: the ports that PostgreSQL has on this host; others are left out. */
  foldStatus(report: StatusReport, gap: boolean, known: (portId: string) => boolean, now: Date): PortChanges {
    const changes: PortChanges = { changed: [], gone: [] };
    for (const status of report.ports) {
      if (!known(status.portId)) continue;
      if (!samePortStatus(this.ports.get(status.portId), status)) changes.changed.push(status);
      this.ports.set(status.portId, { ...status, reportedAt: now });
    }
    for (const portId of report.gone) if (this.ports.delete(portId)) changes.gone.push(portId);
    if (report.full) this.foldFull(report, gap, changes);
    else if (gap) this.incomplete = true;
    if (!this.incomplete) {
      this.status = { ...this.status, appliedRevisions: report.appliedRevisions };
      this.laggingSinceMs = null;
    }
    return changes;
  }

  /** The host is gone, or can't be heard. */
  setState(state: HostState, reason: string | null, now: Date): boolean {
    if (this.status.state === state) return false;
    this.status = { ...this.status, state, reason, since: now };
    return true;
  }

  /** Messages may have been lost: confirm everything anew. */
  doubt(): void {
    this.incomplete = true;
    this.partsOfFull = null;
  }

  /** Takes over what an earlier manager knew. */
  restore(status: HostStatus, ports: Iterable<PortStatus & { reportedAt: Date }>, now: Date): void {
    this.status = { ...status, state: 'unknown', since: now, reason: 'not heard since this manager started' };
    for (const port of ports) this.ports.set(port.portId, port);
  }

  private begin(bootId: string): void {
    if (this.bootId) this.retiredBoots.push(this.bootId);
    if (this.retiredBoots.length > RETIRED_BOOTS_KEPT) this.retiredBoots.shift();
    this.bootId = bootId;
    for (const kind of ['heartbeat', 'status', 'counters'] as const) this.lastSeq[kind] = -1;
    this.doubt();
  }

  private foldFull(report: StatusReport, gap: boolean, changes: PortChanges): void {
    if (report.part === 0) this.partsOfFull = new Set();
    else if (gap) this.partsOfFull = null;
    if (!this.partsOfFull) {
      this.incomplete = true;
      return;
    }
    for (const { portId } of report.ports) this.partsOfFull.add(portId);
    if (!report.last) return;
    for (const portId of this.ports.keys()) {
      if (this.partsOfFull.has(portId)) continue;
      this.ports.delete(portId);
      changes.gone.push(portId);
    }
    this.partsOfFull = null;
    this.incomplete = false;
    this.confirmed = true;
  }

  private noteLag(report: Heartbeat, nowMs: number): void {
    const { host, shared } = this.status.appliedRevisions;
    const lagging = report.appliedRevisions.host > host || report.appliedRevisions.shared > shared;
    if (!lagging) this.laggingSinceMs = null;
    else this.laggingSinceMs ??= nowMs;
    if (this.laggingSinceMs !== null && nowMs - this.laggingSinceMs >= LAG_TOLERANCE_MS)
      this.incomplete = true;
  }
}

/** What is known of an engine before the agent, just started, has opened it. */
function notOpened(engine: HostEngine | null): HostEngine | null {
  return engine && { ...engine, up: false, reason: 'the agent has started and not opened the engine yet' };
}

function samePortStatus(a: PortStatus | undefined, b: PortStatus): boolean {
  return (
    a !== undefined &&
    a.state === b.state &&
    a.reason === b.reason &&
    a.since === b.since &&
    a.appliedRevision === b.appliedRevision
  );
}
