/**
 * Waits until hosts say that a change is in their dataplanes. Works on any manager, as each hears every host; looks again when a host
 * reports, never in between.
 */
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Publisher } from '../publishing/publisher';
import { HostStatuses } from '../reports/host-statuses.service';
import { Inventory } from '../reports/inventory';
import { PortStatuses } from '../reports/port-statuses.service';
import { ReadModel } from '../reports/read-model';

export interface AppliedRequest {
  hostIds: readonly string[];
  /** Which stream the change went out in. */
  scope: 'host' | 'shared';
  revision: number;
  /** Ports whose own error means that the change was not applied; those that exist no more don't count. */
  portIds: readonly string[];
}

export interface HostOutcome {
  hostId: string;
  applied: boolean;
  /** Why not (yet). */
  reason: string | null;
  /** Where it was tried and failed. */
  failures: { portId: string; reason: string }[];
}

/** `applied`: on every host. A host that is neither applied nor failed has not acknowledged. */
export interface AppliedOutcome {
  applied: boolean;
  hosts: HostOutcome[];
}

/** Longest list of failures that is told of one host. */
const FAILURES_MAX = 20;

interface Waiter {
  request: AppliedRequest;
  /** Hosts that have not acknowledged yet. */
  pending: Set<string>;
  done: () => void;
}

@Injectable()
export class AppliedWaiter implements BeforeApplicationShutdown {
  private readonly waiters = new Map<string, Set<Waiter>>();

  constructor(
    private readonly hosts: HostStatuses,
    private readonly ports: PortStatuses,
    private readonly inventory: Inventory,
    readModel: ReadModel,
    @Inject(Publisher) private readonly publisher: Pick<Publisher, 'state'>,
  ) {
    readModel.folded.subscribe((hostId) => this.lookAgain(hostId));
  }

  /**
   * Resolves when every host has applied the change, as soon as one has failed, at the latest after `timeoutMs`, and when the
   * signal is aborted (who asked has gone). Never rejects.
   */
  async wait(request: AppliedRequest, timeoutMs: number, signal?: AbortSignal): Promise<AppliedOutcome> {
    const waiter: Waiter = { request, pending: new Set(request.hostIds), done: () => undefined };
    if (!this.isDecided(waiter) && timeoutMs > 0 && !signal?.aborted)
      await this.untilDone(waiter, timeoutMs, signal);
    return this.outcome(waiter);
  }

  /** How many are waiting. */
  get size(): number {
    return new Set([...this.waiters.values()].flatMap((waiters) => [...waiters])).size;
  }

  /** Lets everybody go, so that open requests don't hold up the end. */
  beforeApplicationShutdown(): void {
    for (const waiters of [...this.waiters.values()]) for (const waiter of [...waiters]) waiter.done();
  }

  private untilDone(waiter: Waiter, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        for (const hostId of waiter.request.hostIds) this.leave(hostId, waiter);
        resolve();
      };
      waiter.done = done;
      const timer = setTimeout(done, timeoutMs);
      signal?.addEventListener('abort', done);
      for (const hostId of waiter.pending) this.enter(hostId, waiter);
    });
  }

  private enter(hostId: string, waiter: Waiter): void {
    const waiters = this.waiters.get(hostId) ?? new Set();
    this.waiters.set(hostId, waiters.add(waiter));
  }

  private leave(hostId: string, waiter: Waiter): void {
    const waiters = this.waiters.get(hostId);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.waiters.delete(hostId);
  }

  private lookAgain(hostId: string): void {
    for (const waiter of this.waiters.get(hostId) ?? []) if (this.isDecided(waiter)) waiter.done();
  }

  /** Nothing that is still to come can change the outcome. */
  private isDecided(waiter: Waiter): boolean {
    for (const hostId of waiter.pending) {
      if (!this.hasProcessed(hostId, waiter)) continue;
      if (this.failures(hostId, waiter).length > 0) return true;
      waiter.pending.delete(hostId);
    }
    return waiter.pending.size === 0;
  }

  /** The host has done what it could, and told what came of it. */
  private hasProcessed(hostId: string, { request }: Waiter): boolean {
    if (this.hosts.get(hostId).appliedRevisions[request.scope] < request.revision) return false;
    return this.portsOn(hostId, request).every((portId) => this.ports.get(portId) !== undefined);
  }

  /** Looked up late: a port made a moment ago is known here at the latest when its host reports it. */
  private portsOn(hostId: string, { portIds }: AppliedRequest): string[] {
    return portIds.filter((portId) => this.inventory.hostOf(portId) === hostId);
  }

  private failures(hostId: string, { request }: Waiter): HostOutcome['failures'] {
    const failures: HostOutcome['failures'] = [];
    for (const portId of this.portsOn(hostId, request)) {
      const status = this.ports.get(portId);
      if (status?.state === 'error')
        failures.push({ portId, reason: status.reason ?? 'the host gave no reason' });
      if (failures.length === FAILURES_MAX) break;
    }
    return failures;
  }

  private outcome(waiter: Waiter): AppliedOutcome {
    const hosts = waiter.request.hostIds.map((hostId): HostOutcome => {
      if (!this.hasProcessed(hostId, waiter))
        return { hostId, applied: false, reason: this.whyNotYet(hostId, waiter), failures: [] };
      const failures = this.failures(hostId, waiter);
      return { hostId, applied: failures.length === 0, reason: failures[0]?.reason ?? null, failures };
    });
    return { applied: hosts.every(({ applied }) => applied), hosts };
  }

  private whyNotYet(hostId: string, { request }: Waiter): string {
    const publishing = this.publisher.state;
    if ('reason' in publishing) return `changes are not published now: ${publishing.reason}`;
    const status = this.hosts.get(hostId);
    if (status.state !== 'alive') return `the host is ${status.state}: ${status.reason ?? 'no reason known'}`;
    if (status.engine && !status.engine.up)
      return `its engine ${status.engine.name} is not up: ${status.engine.reason ?? 'no reason given'}`;
    if (status.desiredState !== 'current')
      return `its agent does not act on the bus's state: ${status.desiredStateReason ?? `it has ${status.desiredState}`}`;
    const applied = status.appliedRevisions[request.scope];
    return applied < request.revision
      ? `it has applied ${request.scope} revision ${applied} so far, the change is ${request.revision}`
      : 'it has not told of all ports concerned yet';
  }
}
