/** What rounds did, for the log and in totals: people want to see edits arrive, and above all what was repaired. */
import type { Outcome } from './execute-plan';
import { describePlan, type Plan } from './plan';
import type { ReconcilerLogger, ReconcilerTotals } from './reconciler-types';

/** Lines of a plan that are worth a log entry. */
const LINES_MAX = 20;

export class RoundLog {
  private readonly counted: ReconcilerTotals = {
    rounds: 0,
    audits: 0,
    stepsApplied: 0,
    stepsFailed: 0,
    repairs: 0,
  };

  constructor(private readonly logger: ReconcilerLogger) {}

  get totals(): ReconcilerTotals {
    return { ...this.counted };
  }

  audited(): void {
    this.counted.audits++;
  }

  /**
   * @param repairs how many of the applied steps put right what somebody else had changed
   * @param newFailures keys of what failed for the first time or in another way than before: these are worth a warning
   */
  finished(
    plan: Plan,
    outcome: Outcome,
    repairs: number,
    newFailures: ReadonlySet<string>,
    tookMs: number,
  ): void {
    const failed = outcome.failures.filter(({ kind }) => kind === 'failed');
    this.counted.rounds++;
    this.counted.stepsApplied += outcome.applied.length;
    this.counted.stepsFailed += failed.length;
    this.counted.repairs += repairs;
    for (const { planned, error } of failed) {
      const message = `cannot ${planned.step.verb} ${planned.step.key} (${planned.because}): ${error}`;
      if (newFailures.has(planned.step.key)) this.logger.warn(message);
      else this.logger.debug(message);
    }
    if (outcome.applied.length === 0) return;
    const steps = describePlan(plan).map(({ verb, key, because }) => `${verb} ${key}: ${because}`);
    const details = {
      tookMs: Math.round(tookMs),
      steps: steps.slice(0, LINES_MAX),
      moreSteps: Math.max(0, steps.length - LINES_MAX),
    };
    if (repairs > 0)
      this.logger.warn(`somebody else has changed the engine: repaired by ${repairs} steps`, details);
    else
      this.logger.info(
        `applied ${outcome.applied.length} steps, ${outcome.failures.length} are left`,
        details,
      );
  }
}
