/**
 * An engine that forgives nothing, to prove plans on: it objects to whatever a real one might choke on, in whichever order
 * the steps of a batch reach it.
 */
import type { Batch, ObservedObject, StepResult } from '@opendvs/dataplane';

export class StrictEngine<S = unknown> {
  readonly objects = new Map<string, ObservedObject<S>>();
  /** What it objected to. */
  readonly objections: string[] = [];
  /** Keys whose steps it refuses to do, without that being an objection. */
  readonly refuses = new Set<string>();

  constructor(observed: readonly ObservedObject<S>[] = []) {
    for (const object of observed) this.objects.set(object.key, object);
  }

  observe(): ObservedObject<S>[] {
    return [...this.objects.values()];
  }

  /** The steps of a batch must not need one another: each is checked against the world before the batch. */
  async apply(batch: Batch<S>): Promise<StepResult[]> {
    const before = new Map(this.objects);
    return batch.map((step): StepResult => {
      const { key } = step;
      if (this.refuses.has(key)) return { key, ok: false, error: `${key} is refused` };
      this.objections.push(
        ...objectionsTo(step, before).map((objection) => `${step.verb} ${key}: ${objection}`),
      );
      if (step.verb === 'delete') this.objects.delete(key);
      else this.objects.set(key, withoutReason(step.to));
      return { key, ok: true };
    });
  }
}

function objectionsTo<S>(step: Batch<S>[number], world: ReadonlyMap<string, ObservedObject<S>>): string[] {
  const others = [...world.values()].filter(({ key }) => key !== step.key);
  const exists = world.has(step.key);
  if (step.verb === 'delete') {
    const dependents = others.filter(({ dependsOn }) => dependsOn.includes(step.key));
    return [...(exists ? [] : ['is not there']), ...dependents.map(({ key }) => `${key} stands on it`)];
  }
  const missing = step.to.dependsOn.filter((key) => !world.has(key));
  const holders = others.filter(({ claims }) => claims.some((claim) => step.to.claims.includes(claim)));
  return [
    ...(exists === (step.verb === 'update') ? [] : [exists ? 'is there already' : 'is not there']),
    ...missing.map((key) => `there is no ${key}`),
    ...holders.map(({ key }) => `${key} holds its claim`),
  ];
}

function withoutReason<S>({
  kind,
  key,
  spec,
  dependsOn,
  claims,
  owner,
}: ObservedObject<S>): ObservedObject<S> {
  return { kind, key, spec, dependsOn, claims, owner };
}
