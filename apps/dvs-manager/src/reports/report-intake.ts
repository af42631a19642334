/**
 * From the bus into the read model: reads each message, folds it, and asks a host for a full report when something was missed. A
 * report of ports that we don't know yet (a change of another manager may still be on its way to us) waits until the changes are read;
 * so do later ones of its host, to keep their order.
 */
import type { CountersReport } from '@opendvs/contracts';
import type { BadMessages } from './bad-messages';
import type { ReadModel, Report } from './read-model';
import { readReport } from './read-report';

/** Of one host, while changes are being read. More would be a host gone wild. */
const DELAYED_MAX = 1000;

export interface IntakeParts {
  readModel: ReadModel;
  badMessages: BadMessages;
  /** Resolves when all committed changes are known here. */
  catchUp: () => Promise<void>;
  /** Asks the host to report everything. */
  requestFull: (hostId: string) => void;
  onCounters: (report: CountersReport) => void;
}

export class ReportIntake {
  private readonly delayed = new Map<string, { last: Promise<void>; length: number }>();

  constructor(private readonly parts: IntakeParts) {}

  receive(subject: string, data: Uint8Array): void {
    const { report, refused } = readReport(subject, data);
    if (refused !== null) return this.parts.badMessages.note('malformed', subject, refused);
    const { hostId } = report.report;
    const queue = this.delayed.get(hostId);
    if (!queue && !this.mustCatchUp(report)) return this.fold(subject, report);
    if (queue && queue.length >= DELAYED_MAX)
      return this.parts.badMessages.note(
        'out-of-order',
        subject,
        'too many reports of this host wait for PostgreSQL',
      );
    this.delay(hostId, async () => {
      if (this.mustCatchUp(report)) await this.parts.catchUp().catch(() => undefined); // the feed says so and tries again
      this.fold(subject, report);
    });
  }

  private mustCatchUp({ kind, report }: Report): boolean {
    return kind === 'status' && this.parts.readModel.unknownPorts(report);
  }

  private delay(hostId: string, work: () => Promise<void>): void {
    const queue = this.delayed.get(hostId) ?? { last: Promise.resolve(), length: 0 };
    this.delayed.set(hostId, queue);
    queue.length += 1;
    queue.last = queue.last.then(work).finally(() => {
      queue.length -= 1;
      if (queue.length === 0) this.delayed.delete(hostId);
    });
  }

  private fold(subject: string, report: Report): void {
    const { readModel, badMessages } = this.parts;
    if (report.kind === 'status' && readModel.unknownPorts(report.report)) badMessages.count('unknown-port'); // usual for a moment after a deletion: not worth a line
    const refused = readModel.accept(report, new Date(), performance.now());
    if (refused !== null)
      return badMessages.note(
        refused === 'there is no such host' ? 'unknown-host' : 'out-of-order',
        subject,
        refused,
      );
    if (report.kind === 'counters') this.parts.onCounters(report.report);
    if (report.kind === 'heartbeat' && readModel.needsFullReport(report.report.hostId))
      this.parts.requestFull(report.report.hostId);
  }
}
