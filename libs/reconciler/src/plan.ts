/**
 * A plan: what has to be done to an engine, in the order in which it is safe, as data that can be printed, tested and
 * carried out. Nothing is ever applied that wasn't planned; the plan of a host in sync is empty.
 */
import type { OwnerRef, Step } from '@opendvs/dataplane';

/**
 * `teardown` frees what something new needs: claims, and objects that can't be changed in place, with all that stands on them.
 * `build` creates and updates, dependencies first. `cleanup` deletes what is no longer desired, dependents first.
 */
export type PlanPhase = 'teardown' | 'build' | 'cleanup';

export interface PlannedStep<S = unknown> {
  phase: PlanPhase;
  step: Step<S>;
  /** Keys of objects whose step in an earlier batch must succeed, or this one is not tried. */
  needs: readonly string[];
  owner: OwnerRef | null;
  because: string;
  /** Deleted only to be made anew: its traffic stops in between. On both halves. */
  recreate: boolean;
}

/** A desired object that this plan leaves as it is (made or not), and why: invalid, or waiting for something that is. */
export interface Withheld {
  key: string;
  owner: OwnerRef;
  reason: string;
}

export interface Plan<S = unknown> {
  /** In order; the steps of one batch don't depend on one another. Empty: in sync. */
  batches: readonly (readonly PlannedStep<S>[])[];
  withheld: readonly Withheld[];
}

/** One line of a printed plan. */
export interface PlanLine {
  verb: 'create' | 'update' | 'recreate' | 'delete';
  key: string;
  because: string;
  /** Something that stays desired is interrupted. Deletions end only what nobody wants any more. */
  dropsTraffic: boolean;
}

/** The plan for people, in its order; a recreation is one line, where its second half is. */
export function describePlan(plan: Plan): PlanLine[] {
  return plan.batches.flat().flatMap((planned) => {
    const { step, recreate, because } = planned;
    if (recreate && step.verb === 'delete') return [];
    return [
      {
        verb: recreate ? 'recreate' : step.verb,
        key: step.key,
        because,
        dropsTraffic: recreate,
      } satisfies PlanLine,
    ];
  });
}
