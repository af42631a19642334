/** The observed objects, with what a planner asks of them; indexes are made only when they are asked for. */
import type { ObservedObject } from '@opendvs/dataplane';

export class ObservedWorld<S = unknown> {
  readonly byKey: ReadonlyMap<string, ObservedObject<S>>;
  private dependents: Map<string, string[]> | null = null;
  private holders: Map<string, string[]> | null = null;
  private readonly levels = new Map<string, number>();

  constructor(observed: readonly ObservedObject<S>[]) {
    this.byKey = new Map(observed.map((object) => [object.key, object]));
  }

  /** Keys of what stands directly on `key`. */
  dependentsOf(key: string): readonly string[] {
    this.dependents ??= this.indexBy((object) => object.dependsOn);
    return this.dependents.get(key) ?? [];
  }

  /** Keys of what holds `claim`: one, unless the engine lets two things hold it. */
  holdersOf(claim: string): readonly string[] {
    this.holders ??= this.indexBy((object) => object.claims);
    return this.holders.get(claim) ?? [];
  }

  /** 0 for what stands on nothing observed, else one more than the highest it stands on. */
  levelOf(key: string): number {
    const known = this.levels.get(key);
    if (known !== undefined) return known;
    this.levels.set(key, 0); // an engine has no cycles; should a driver report one, its members get some order
    let level = 0;
    for (const dependency of this.dependenciesOf(key)) level = Math.max(level, this.levelOf(dependency) + 1);
    this.levels.set(key, level);
    return level;
  }

  /** Keys of what is observed and `key` stands directly on. */
  dependenciesOf(key: string): readonly string[] {
    return (this.byKey.get(key)?.dependsOn ?? []).filter((dependency) => this.byKey.has(dependency));
  }

  /** `key` and everything that stands on it, however indirectly; nearest first. */
  withDependents(key: string): Set<string> {
    const reached = new Set([key]);
    for (const member of reached) for (const dependent of this.dependentsOf(member)) reached.add(dependent);
    return reached;
  }

  private indexBy(namesOf: (object: ObservedObject<S>) => readonly string[]): Map<string, string[]> {
    const index = new Map<string, string[]>();
    for (const object of this.byKey.values()) {
      for (const name of namesOf(object)) {
        const keys = index.get(name);
        if (keys) keys.push(object.key);
        else index.set(name, [object.key]);
      }
    }
    return index;
  }
}
