/**
 * What all hosts have reported, in memory: folded from their messages, aged by silence, told to whoever listens. Every manager has its
 * own and fills it from the bus; only hosts and ports that PostgreSQL knows get in.
 */
import {
  type CountersReport,
  type Heartbeat,
  HEARTBEAT_TIMEOUT_MS,
  type StatusReport,
} from '@opendvs/contracts';
import type { PortStatus } from '@opendvs/model';
import { Subject } from 'rxjs';
import { HostRecord } from './host-record';
import { type HostStatus, neverReported, type ReportedPortStatus } from './host-status';
import type { Inventory } from './inventory';

export type Report =
  | { kind: 'heartbeat'; report: Heartbeat }
  | { kind: 'status'; report: StatusReport }
  | { kind: 'counters'; report: CountersReport };

/** `status` null: the host has the port no more. */
export interface PortStatusChange {
  portId: string;
  hostId: string;
  status: ReportedPortStatus | null;
}

/** As an earlier manager wrote it down. */
export interface LastKnown {
  hosts: HostStatus[];
  ports: ReportedPortStatus[];
}

/** A sweep this much late tells of a stalled process, in which hosts' messages still wait. */
const STALL_MS = 1000;

export class ReadModel {
  /** A host's state or anything else that people see of it has changed. */
  readonly hostChanges = new Subject<HostStatus>();
  readonly portChanges = new Subject<PortStatusChange>();
  /** A status report of this host was folded, or its state changed: who waits for it looks again. */
  readonly folded = new Subject<string>();

  private readonly records = new Map<string, HostRecord>();
  private listeningSinceMs = Infinity;
  private lastSweepMs: number | null = null;

  constructor(private readonly inventory: Inventory) {
    inventory.onRemoved((kind, id) => (kind === 'host' ? this.records.delete(id) : this.dropPort(id)));
  }

  restore(known: LastKnown, now: Date): void {
    const portsOf = new Map<string, ReportedPortStatus[]>(known.hosts.map(({ hostId }) => [hostId, []]));
    for (const port of known.ports) portsOf.get(port.hostId)?.push(port);
    for (const status of known.hosts)
      if (this.inventory.hasHost(status.hostId))
        this.record(status.hostId, now).restore(status, portsOf.get(status.hostId) ?? [], now);
  }

  /** Messages arrive from now on; those that were sent before are lost. */
  nowListening(nowMs: number): void {
    this.listeningSinceMs = nowMs;
    for (const record of this.records.values()) record.doubt();
  }

  /** The ports of the report that PostgreSQL may know, and we don't yet. */
  unknownPorts(report: StatusReport): boolean {
    return report.ports.some(({ portId }) => this.inventory.hostOf(portId) !== report.hostId);
  }

  /** @returns why the report is of no use, null when it was folded */
  accept({ kind, report }: Report, now: Date, nowMs: number): string | null {
    const { hostId } = report;
    if (!this.inventory.hasHost(hostId)) return 'there is no such host';
    const record = this.record(hostId, now);
    const admission = record.admit(kind, report, nowMs);
    if (admission.refused !== null) return admission.refused;
    const revived = record.heard(now);
    const changed = kind === 'heartbeat' && record.foldHeartbeat(report, nowMs);
    if (kind === 'status') this.foldStatus(record, report, admission.gap, now);
    if (revived || changed) this.hostChanges.next(record.status);
    if (revived) this.folded.next(hostId);
    return null;
  }

  needsFullReport(hostId: string): boolean {
    return this.records.get(hostId)?.incomplete ?? false;
  }

  host(hostId: string, now: Date): HostStatus {
    return this.records.get(hostId)?.status ?? neverReported(hostId, now);
  }

  port(portId: string): ReportedPortStatus | undefined {
    const record = this.records.get(this.inventory.hostOf(portId) ?? '');
    const status = record?.ports.get(portId);
    return record && status && view(record, status);
  }

  *portsOf(hostId: string): Iterable<ReportedPortStatus> {
    const record = this.records.get(hostId);
    for (const status of record?.ports.values() ?? []) yield view(record!, status);
  }

  get hostIds(): Iterable<string> {
    return this.inventory.hostIds;
  }

  /** Ages hosts by their silence. `busOutage`: why we hear nobody, null when we could. To be called a few times a second. */
  sweep(now: Date, nowMs: number, busOutage: string | null): void {
    if (this.lastSweepMs !== null && nowMs - this.lastSweepMs > STALL_MS)
      this.listeningSinceMs = Math.max(this.listeningSinceMs, nowMs);
    this.lastSweepMs = nowMs;
    for (const record of this.records.values()) {
      const couldBeHeardSinceMs = busOutage ? -Infinity : this.listeningSinceMs;
      const silentMs = nowMs - Math.max(record.heardAtMs, couldBeHeardSinceMs);
      if (silentMs >= HEARTBEAT_TIMEOUT_MS) this.silent(record, now, busOutage);
    }
  }

  private silent(record: HostRecord, now: Date, busOutage: string | null): void {
    const { lastSeenAt, state } = record.status;
    if (busOutage && state === 'down') return;
    const changed = busOutage
      ? record.setState('unknown', `this manager has no connection to the bus: ${busOutage}`, now)
      : lastSeenAt !== null &&
        record.setState(
          'down',
          `its agent has been silent since ${lastSeenAt.toISOString()}; its virtual machines' traffic does not depend on it`,
          now,
        );
    if (!changed) return;
    this.hostChanges.next(record.status);
    this.folded.next(record.status.hostId);
  }

  private record(hostId: string, now: Date): HostRecord {
    let record = this.records.get(hostId);
    if (!record) this.records.set(hostId, (record = new HostRecord(hostId, now)));
    return record;
  }

  private foldStatus(record: HostRecord, report: StatusReport, gap: boolean, now: Date): void {
    const known = (portId: string) => this.inventory.hostOf(portId) === report.hostId;
    const { changed, gone } = record.foldStatus(report, gap, known, now);
    const { hostId } = report;
    for (const status of changed) {
      const portStatus = view(record, { ...status, reportedAt: now });
      this.portChanges.next({ portId: status.portId, hostId, status: portStatus });
    }
    for (const portId of gone) this.portChanges.next({ portId, hostId, status: null });
    this.folded.next(hostId);
  }

  private dropPort(portId: string): void {
    for (const record of this.records.values()) if (record.ports.delete(portId)) return;
  }
}

function view(record: HostRecord, status: PortStatus & { reportedAt: Date }): ReportedPortStatus {
  const stale = record.status.state !== 'alive' || !record.confirmed;
  return { ...status, hostId: record.status.hostId, stale };
}
