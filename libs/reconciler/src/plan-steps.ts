/**
 * The planner: what to do, in which order, so that the engine is as rendered. Pure, and the same for a first start, an edit,
 * a restart and a repair.
 */
import type { BackendObject, ObservedObject, Problem } from '@opendvs/dataplane';
import { admit, type Admission } from './admission';
import { ObservedWorld } from './observed-world';
import type { Plan, PlannedStep, PlanPhase } from './plan';
import { decideTeardown, type ChangeMode, type Teardown } from './teardown';

/**
 * @param rendered everything that is desired: what is observed and not in it gets deleted
 * @param observed everything that exists and bears our mark
 * @param problems what the driver says of the desired state: the objects of their owners are left exactly as they are
 */
export function planSteps<S>(
  rendered: readonly BackendObject<S>[],
  observed: readonly ObservedObject<S>[],
  changeMode: ChangeMode<S>,
  problems: readonly Problem[] = [],
): Plan<S> {
  const world = new ObservedWorld(observed);
  const refused = new Map<string, string>();
  for (;;) {
    const admission = admit(rendered, world, problems, refused);
    const teardown = decideTeardown(admission, world, changeMode);
    if (teardown.refused.size === 0) return new PlanAssembly(world, admission, teardown).assemble();
    // What would take down something kept is withheld too, and that may withhold more: until nothing more is refused.
    for (const [key, reason] of teardown.refused) refused.set(key, reason);
  }
}

class PlanAssembly<S> {
  private readonly toBuild: ReadonlySet<string>;
  private readonly toClean: ReadonlySet<string>;
  private readonly buildLevels = new Map<string, number>();

  constructor(
    private readonly world: ObservedWorld<S>,
    private readonly admission: Admission<S>,
    private readonly teardown: Teardown,
  ) {
    this.toBuild = new Set(
      [...teardown.changes]
        .filter(([key, change]) => change !== 'none' || teardown.doomed.has(key))
        .map(([key]) => key),
    );
    this.toClean = new Set([...world.byKey.keys()].filter((key) => this.isUnwanted(key)));
  }

  assemble(): Plan<S> {
    const torn = [...this.teardown.doomed].map(([key, because]) => this.deletion('teardown', key, because));
    const built = [...this.toBuild].map((key) => this.construction(key));
    const cleaned = [...this.toClean].map((key) => this.deletion('cleanup', key, 'it is no longer desired'));
    const downwards = ({ step }: PlannedStep<S>) => -this.world.levelOf(step.key);
    return {
      batches: [
        ...inBatches(torn, downwards),
        ...inBatches(built, ({ step }) => this.buildLevel(step.key)),
        ...inBatches(cleaned, downwards),
      ],
      withheld: [...this.admission.withheld.values()],
    };
  }

  private isUnwanted(key: string): boolean {
    return (
      !this.admission.admitted.has(key) && !this.admission.kept.has(key) && !this.teardown.doomed.has(key)
    );
  }

  private deletion(phase: PlanPhase, key: string, because: string): PlannedStep<S> {
    const from = this.world.byKey.get(key)!;
    return {
      phase,
      step: { verb: 'delete', key, from },
      needs: this.world.dependentsOf(key).filter((dependent) => this.hasStep(dependent)),
      owner: this.admission.admitted.get(key)?.owner ?? from.owner,
      because,
      recreate: this.toBuild.has(key),
    };
  }

  private construction(key: string): PlannedStep<S> {
    const to = this.admission.admitted.get(key)!;
    const from = this.world.byKey.get(key);
    const doom = this.teardown.doomed.get(key);
    return {
      phase: 'build',
      step: from && doom === undefined ? { verb: 'update', key, from, to } : { verb: 'create', key, to },
      needs: this.needsOf(to),
      owner: to.owner,
      because: doom === undefined ? to.because : `${to.because}; made anew, as ${doom}`,
      recreate: doom !== undefined,
    };
  }

  private needsOf(to: BackendObject<S>): string[] {
    const freed = to.claims
      .flatMap((claim) => this.world.holdersOf(claim))
      .filter((holder) => this.teardown.doomed.has(holder));
    const self = this.teardown.doomed.has(to.key) ? [to.key] : [];
    const built = to.dependsOn.filter((dependency) => this.toBuild.has(dependency));
    return [...new Set([...self, ...freed, ...built, ...this.releasersOf(to.key)])];
  }

  private hasStep(key: string): boolean {
    return this.toBuild.has(key) || this.toClean.has(key) || this.teardown.doomed.has(key);
  }

  private releasersOf(key: string): readonly string[] {
    return this.teardown.releasedBy.get(key) ?? [];
  }

  /** One more than the highest of what has to be there before. Admission and teardown have left no cycles. */
  private buildLevel(key: string): number {
    const known = this.buildLevels.get(key);
    if (known !== undefined) return known;
    const before = [...(this.admission.admitted.get(key)?.dependsOn ?? []), ...this.releasersOf(key)];
    const level = before.reduce((highest, earlier) => Math.max(highest, this.buildLevel(earlier) + 1), 0);
    this.buildLevels.set(key, level);
    return level;
  }
}

/** Grouped by `rank`, ascending; within a batch the order stays. */
function inBatches<T>(steps: readonly T[], rank: (step: T) => number): T[][] {
  const batches = new Map<number, T[]>();
  for (const step of steps) {
    const key = rank(step);
    const batch = batches.get(key);
    if (batch) batch.push(step);
    else batches.set(key, [step]);
  }
  return [...batches].sort(([a], [b]) => a - b).map(([, batch]) => batch);
}
