/**
 * Teardown: what must go before anything new can come. That is what can't be changed in place, and whoever holds a claim
 * that somebody else is to have; and with each of these all that stands on it.
 */
import type { BackendObject, ObservedObject } from '@opendvs/dataplane';
import type { Admission } from './admission';
import type { ObservedWorld } from './observed-world';
import { sameUnchangingSpec } from './same-spec';

/** What has to happen to an admitted object. */
export type Change = 'none' | 'create' | 'in-place' | 'recreate';
export type ChangeMode<S = unknown> = (
  from: ObservedObject<S>,
  to: BackendObject<S>,
) => 'in-place' | 'recreate';

export interface Teardown {
  changes: ReadonlyMap<string, Change>;
  /** Keys to be deleted first, each with the reason. */
  doomed: ReadonlyMap<string, string>;
  /** By the key of an object that gets a claim: keys of objects whose update in place gives it up. */
  releasedBy: ReadonlyMap<string, readonly string[]>;
  /** Objects that can't be as desired unless something that is kept goes down, with the reason. */
  refused: ReadonlyMap<string, string>;
}

export function decideTeardown<S>(
  admission: Admission<S>,
  world: ObservedWorld<S>,
  changeMode: ChangeMode<S>,
): Teardown {
  return new TeardownDecision(admission, world, changeMode).decide();
}

class TeardownDecision<S> {
  private readonly changes = new Map<string, Change>();
  private readonly doomed = new Map<string, string>();
  private readonly releasedBy = new Map<string, string[]>();
  private readonly refused = new Map<string, string>();

  constructor(
    private readonly admission: Admission<S>,
    private readonly world: ObservedWorld<S>,
    private readonly changeMode: ChangeMode<S>,
  ) {}

  decide(): Teardown {
    for (const object of this.admission.admitted.values()) {
      const change = this.changeOf(object);
      this.changes.set(object.key, change);
      if (change === 'recreate') this.doom(object.key, 'it cannot be changed in place', object.key);
    }
    for (const object of this.admission.admitted.values()) {
      for (const claim of object.claims) this.free(claim, object);
    }
    return { changes: this.changes, doomed: this.doomed, releasedBy: this.releasedBy, refused: this.refused };
  }

  private changeOf(object: BackendObject<S>): Change {
    const existing = this.world.byKey.get(object.key);
    if (!existing) return 'create';
    if (existing.kind !== object.kind) return 'recreate';
    return sameUnchangingSpec(existing.spec, object.spec) ? 'none' : this.changeMode(existing, object);
  }

  /** Everybody but `object` lets go of `claim`: by an update in place where that can be done first, else by going. */
  private free(claim: string, object: BackendObject<S>): void {
    for (const holder of this.world.holdersOf(claim)) {
      if (holder === object.key || this.doomed.has(holder)) continue;
      if (this.changes.get(holder) === 'in-place' && !this.comesAfter(holder, object.key)) {
        this.releasedBy.set(object.key, [...(this.releasedBy.get(object.key) ?? []), holder]);
      } else {
        this.doom(holder, `${claim} is needed for ${object.key}`, object.key);
      }
    }
  }

  private doom(key: string, because: string, forKey: string): void {
    const falling = this.world.withDependents(key);
    const kept = [...falling].findLast((member) => this.admission.kept.has(member));
    if (kept !== undefined) {
      this.refused.set(
        forKey,
        `${kept} would go down for it (${because}), and is kept until what is wrong with it is put right`,
      );
      return;
    }
    for (const member of falling) {
      if (!this.doomed.has(member))
        this.doomed.set(member, member === key ? because : `it stands on ${key}: ${because}`);
    }
  }

  /** Must the step of `key` wait for that of `other`? */
  private comesAfter(key: string, other: string): boolean {
    const before = new Set([key]);
    for (const step of before) {
      for (const dependency of this.admission.admitted.get(step)?.dependsOn ?? []) before.add(dependency);
      for (const releaser of this.releasedBy.get(step) ?? []) before.add(releaser);
    }
    return before.has(other);
  }
}
