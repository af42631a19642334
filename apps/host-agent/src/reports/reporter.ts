/**
 * Tells the manager: a heartbeat every second, each change of a port as soon as a round is over, and all ports whenever the manager may
 * have missed something. What can't be sent is not kept: with the next connection all is told anew.
 */
import {
  HEARTBEAT_INTERVAL_MS,
  hostSubjects,
  type CountersReport,
  type StatusReport,
} from '@opendvs/contracts';
import type { PortCounters } from '@opendvs/model';
import type { ReconcilerChange, ReconcilerSnapshot } from '@opendvs/reconciler';
import type { NatsBus } from '../bus/nats-bus';
import type { DesiredStateStanding } from '../desired-state/desired-state-source';
import type { LocalProblem } from '../local-problems';
import type { ReportComposer } from './report-composer';

export interface ReporterOptions {
  hostId: string;
  bus: Pick<NatsBus, 'state' | 'publish' | 'flush' | 'onSession'>;
  composer: ReportComposer;
  snapshot: () => ReconcilerSnapshot;
  standing: () => DesiredStateStanding;
  problems: () => LocalProblem[];
  /** Number of ports of the state acted on; null before there is one. */
  desiredPorts: () => number | null;
}

/** Several changes of a moment make one heartbeat. */
const CHANGE_DELAY_MS = 10;

export class NothingToReportError extends Error {
  override readonly name = 'NothingToReportError';
}

export class Reporter {
  private fullDue = true;
  private heartbeatTimer: NodeJS.Timeout | null = null;
  private beatingSoon = false;
  private stopped = false;

  constructor(private readonly options: ReporterOptions) {}

  start(signal: AbortSignal): void {
    this.options.bus.onSession(() => {
      this.fullDue = true;
      this.heartbeat();
    });
    signal.addEventListener('abort', () => {
      this.stopped = true;
      if (this.heartbeatTimer) clearTimeout(this.heartbeatTimer);
    });
    this.heartbeat();
  }

  /** Something in the heartbeat has changed. */
  changed(): void {
    if (this.beatingSoon) return;
    this.beatingSoon = true;
    this.beatIn(CHANGE_DELAY_MS);
  }

  /** A round is over, or the engine told of a port: told at once, as people wait for it. */
  portsChanged(change: ReconcilerChange): void {
    if (this.fullDue) this.sendFullIfDue();
    else if (change.ports.length > 0 || change.gonePortIds.length > 0 || change.appliedRevisions) {
      if (this.options.bus.state.up) this.send(this.options.composer.changedStatus(change));
    }
    if (change.engineChanged || change.problemsChanged) this.changed();
  }

  counters(takenAt: Date, ports: readonly PortCounters[]): void {
    const { bus, composer, hostId } = this.options;
    if (!bus.state.up) return;
    for (const report of composer.counters(takenAt, ports)) {
      bus.publish(hostSubjects.counters(hostId), JSON.stringify(report satisfies CountersReport));
    }
  }

  /**
   * Sends a full report now, and resolves with the number of its ports once the server has it.
   * @throws NothingToReportError while the ports aren't known: an empty report would say that the host has none
   */
  async reportAll(): Promise<number> {
    const unknown = this.portsUnknown();
    if (unknown) throw new NothingToReportError(unknown);
    const sent = this.sendFull();
    await this.options.bus.flush();
    return sent;
  }

  private heartbeat(): void {
    const { bus, composer, snapshot, standing, problems, hostId } = this.options;
    this.beatingSoon = false;
    this.beatIn(HEARTBEAT_INTERVAL_MS);
    if (!bus.state.up) return;
    bus.publish(
      hostSubjects.heartbeat(hostId),
      JSON.stringify(composer.heartbeat(snapshot(), standing(), problems())),
    );
    this.sendFullIfDue();
  }

  private beatIn(delayMs: number): void {
    if (this.stopped) return;
    if (this.heartbeatTimer) clearTimeout(this.heartbeatTimer);
    this.heartbeatTimer = setTimeout(() => this.heartbeat(), delayMs);
  }

  private sendFullIfDue(): void {
    if (this.fullDue && this.options.bus.state.up && this.portsUnknown() === null) this.sendFull();
  }

  /** Why the reconciler can't say yet how all ports are: before its first round, unless it knows that the engine is away. */
  private portsUnknown(): string | null {
    const { snapshot, standing, desiredPorts } = this.options;
    const wanted = desiredPorts();
    if (wanted === null)
      return `the agent has no desired state yet: ${standing().reason ?? 'not connected to the bus yet'}`;
    const { appliedRevisions, engineUp, ports } = snapshot();
    const roundDone = appliedRevisions.host + appliedRevisions.shared > 0;
    if (roundDone || (!engineUp && ports.size >= wanted)) return null;
    return 'the agent has just started and is still comparing the engine with the desired state';
  }

  private sendFull(): number {
    const snapshot = this.options.snapshot();
    if (this.options.bus.state.up) {
      this.send(this.options.composer.fullStatus(snapshot));
      this.fullDue = false;
    }
    return snapshot.ports.size;
  }

  private send(reports: readonly StatusReport[]): void {
    const { bus, hostId } = this.options;
    for (const report of reports) bus.publish(hostSubjects.status(hostId), JSON.stringify(report));
  }
}
