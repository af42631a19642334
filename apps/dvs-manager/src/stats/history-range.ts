/** Which stretch of history a query means. Pure. */
import { type FieldError, invalid } from '../problems/problem';

export interface HistoryRange {
  from: Date;
  to: Date;
  stepSeconds: number;
}

const HOUR_MS = 3_600_000;
const MINUTE_SECONDS = 60;
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** Why the text is no time, or null. */
export function timeReason(value: unknown): string | null {
  const text = String(value);
  const isTime = RFC_3339.test(text) && !Number.isNaN(Date.parse(text));
  return isTime ? null : 'must be a time such as 2026-01-31T12:00:00Z';
}

/** Widened to whole steps. @throws ProblemError (400) naming the parameter at fault */
export function historyRange(
  query: { from: string | null; to: string | null; step: number },
  now: Date,
  limits: { recentStepSeconds: number; pointsMax: number },
): HistoryRange {
  const { step } = query;
  if (step !== limits.recentStepSeconds && step % MINUTE_SECONDS !== 0)
    throw invalid([fault('step', `must be ${limits.recentStepSeconds} or a multiple of 60; got ${step}`)]);
  const to = query.to === null ? now : new Date(query.to);
  const from = query.from === null ? new Date(to.getTime() - HOUR_MS) : new Date(query.from);
  if (from >= to) throw invalid([fault('from', 'must be before to')]);
  const stepMs = step * 1000;
  const first = Math.floor(from.getTime() / stepMs) * stepMs;
  const last = Math.ceil(to.getTime() / stepMs) * stepMs;
  if ((last - first) / stepMs > limits.pointsMax)
    throw invalid([
      fault(
        'step',
        `the range has more than ${limits.pointsMax} steps; use a longer step or a shorter range`,
      ),
    ]);
  return { from: new Date(first), to: new Date(last), stepSeconds: step };
}

function fault(field: string, reason: string): FieldError {
  return { in: 'query', field, reason };
}
