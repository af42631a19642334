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
    for (const dependency of this.byKey.get(key)?.dependsOn ?? []) {
      if (this.byKey.has(dependency)) level = Math.max(level, this.levelOf(dependency) + 1);
    }
    this.levels.set(key, level);
    return level;
  }

  /** `keys` and everything that stands on them, however indirectly. */
  withDependents(keys: Iterable<string>): Set<string> {
    return closure(keys, (key) => this.dependentsOf(key));
  }

  /** `keys` and everything observed that they stand on, however indirectly. */
  withDependencies(keys: Iterable<string>): Set<string> {
    return closure(keys, (key) =>
      (this.byKey.get(key)?.dependsOn ?? []).filter((dependency) => this.byKey.has(dependency)),
    );
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

function closure(keys: Iterable<string>, next: (key: string) => readonly string[]): Set<string> {
  const reached = new Set(keys);
  for (const key of reached) for (const neighbour of next(key)) reached.add(neighbour);
  return reached;
}
