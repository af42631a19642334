/** Carrying out a plan: batch by batch, with a failure stopping only what needs the thing that failed. */
import { EngineUnavailableError, type DataplaneDriver, type StepResult } from '@opendvs/dataplane';
import type { Plan, PlannedStep } from './plan';

export interface StepFailure<S = unknown> {
  planned: PlannedStep<S>;
  error: string;
  /** `failed`: the engine refused it now. `skipped`: not tried, `error` names what it waits for. `held`: not tried, it failed lately. */
  kind: 'failed' | 'skipped' | 'held';
}

export interface Outcome<S = unknown> {
  applied: PlannedStep<S>[];
  failures: StepFailure<S>[];
}

/**
 * @param whyHeld tells of steps that aren't to be tried now; they count as failed with that reason
 * @throws EngineUnavailableError when the engine went away meanwhile; what was applied until then is found by the next observation
 * @throws whatever the driver throws once `signal` is aborted
 */
export async function executePlan<S>(
  plan: Plan<S>,
  driver: Pick<DataplaneDriver<S>, 'apply'>,
  signal: AbortSignal,
  whyHeld: (planned: PlannedStep<S>) => string | null = () => null,
): Promise<Outcome<S>> {
  const outcome: Outcome<S> = { applied: [], failures: [] };
  const reasons = new Map<string, string>();
  const fail = (planned: PlannedStep<S>, kind: StepFailure['kind'], error: string) => {
    outcome.failures.push({ planned, kind, error });
    reasons.set(planned.step.key, kind === 'skipped' ? error : `waits for ${planned.step.key}: ${error}`);
  };
  for (const batch of plan.batches) {
    const ready: PlannedStep<S>[] = [];
    for (const planned of batch) {
      const blocker = planned.needs.find((key) => reasons.has(key));
      const held = blocker === undefined ? whyHeld(planned) : null;
      if (blocker !== undefined) fail(planned, 'skipped', reasons.get(blocker)!);
      else if (held !== null) fail(planned, 'held', held);
      else ready.push(planned);
    }
    if (ready.length === 0) continue;
    const results = await applyBatch(ready, driver, signal);
    for (const planned of ready) {
      const result = results.get(planned.step.key);
      if (result?.ok) outcome.applied.push(planned);
      else
        fail(
          planned,
          'failed',
          result?.error ??
            `the driver gave no result for ${planned.step.key}; this is a fault of the driver, report it`,
        );
    }
  }
  return outcome;
}

async function applyBatch<S>(
  batch: readonly PlannedStep<S>[],
  driver: Pick<DataplaneDriver<S>, 'apply'>,
  signal: AbortSignal,
): Promise<Map<string, StepResult>> {
  const steps = batch.map(({ step }) => step);
  try {
    return new Map((await driver.apply(steps, signal)).map((result) => [result.key, result]));
  } catch (error) {
    if (error instanceof EngineUnavailableError || signal.aborted) throw error;
    const message = error instanceof Error ? error.message : String(error);
    return new Map(steps.map(({ key }) => [key, { key, ok: false, error: message }]));
  }
}
