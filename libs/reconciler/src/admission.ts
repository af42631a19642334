/**
 * Admission: which desired objects can be planned at all. The others are withheld with a reason, and what already exists
 * of them is kept: an edit that can't be carried out must never take down what runs.
 */
import type { BackendObject, OwnerRef, Problem } from '@opendvs/dataplane';
import type { ObservedWorld } from './observed-world';
import type { Withheld } from './plan';

export interface Admission<S = unknown> {
  /** What can be planned, in the order in which it was rendered: everything it depends on exists or is admitted too. */
  admitted: ReadonlyMap<string, BackendObject<S>>;
  withheld: ReadonlyMap<string, Withheld>;
  /** Keys of observed objects that must be neither deleted nor recreated. */
  kept: ReadonlySet<string>;
}

/**
 * @param problems whose owners' objects are withheld
 * @param refused objects that can't be planned for another reason, by key
 */
export function admit<S>(
  rendered: readonly BackendObject<S>[],
  world: ObservedWorld<S>,
  problems: readonly Problem[],
  refused: ReadonlyMap<string, string>,
): Admission<S> {
  return new AdmissionOffice(rendered, world, problems, refused).decide();
}

class AdmissionOffice<S> {
  private readonly wanted = new Map<string, BackendObject<S>>();
  private readonly withheld = new Map<string, Withheld>();
  private readonly settled = new Set<string>();
  private readonly path: string[] = [];
  private readonly invalidOwners: ReadonlyMap<string, string>;

  constructor(
    private readonly rendered: readonly BackendObject<S>[],
    private readonly world: ObservedWorld<S>,
    problems: readonly Problem[],
    private readonly refused: ReadonlyMap<string, string>,
  ) {
    this.invalidOwners = new Map(problems.map(({ owner, message }) => [ownerName(owner), message]));
  }

  decide(): Admission<S> {
    for (const object of this.rendered) this.enter(object);
    this.settleClaims();
    for (const key of this.wanted.keys()) this.settle(key);
    const kept = this.keptKeys();
    for (const key of this.withheld.keys()) this.wanted.delete(key);
    return { admitted: this.wanted, withheld: this.withheld, kept };
  }

  private enter(object: BackendObject<S>): void {
    if (this.wanted.has(object.key)) {
      this.withhold(
        object.key,
        `two desired objects have the key ${object.key}; this is a fault of the driver, report it`,
      );
      return;
    }
    this.wanted.set(object.key, object);
    const reason = this.refused.get(object.key) ?? this.invalidOwners.get(ownerName(object.owner));
    if (reason !== undefined) this.withhold(object.key, reason);
  }

  private withhold(key: string, reason: string): void {
    const object = this.wanted.get(key);
    if (object && !this.withheld.has(key)) this.withheld.set(key, { key, owner: object.owner, reason });
  }

  /** Of two desired objects with the same claim the one that holds it already gets it, else the first. */
  private settleClaims(): void {
    const winners = new Map<string, BackendObject<S>>();
    for (const object of this.wanted.values()) {
      if (this.withheld.has(object.key)) continue;
      for (const claim of object.claims) {
        const rival = winners.get(claim);
        const wins = !rival || (this.holds(object.key, claim) && !this.holds(rival.key, claim));
        if (wins) winners.set(claim, object);
      }
    }
    for (const object of this.wanted.values()) {
      for (const claim of object.claims) {
        const winner = winners.get(claim);
        if (winner && winner !== object)
          this.withhold(object.key, `${claim} is already taken by ${winner.key} (${winner.because})`);
      }
    }
  }

  private holds(key: string, claim: string): boolean {
    return this.world.byKey.get(key)?.claims.includes(claim) ?? false;
  }

  private settle(key: string): void {
    const object = this.wanted.get(key);
    if (!object || this.settled.has(key)) return;
    const start = this.path.indexOf(key);
    if (start >= 0) {
      const cycle = this.path.slice(start);
      for (const member of cycle)
        this.withhold(
          member,
          `depends on itself: ${[...cycle, key].join(' → ')}; this is a fault of the driver, report it`,
        );
      return;
    }
    this.path.push(key);
    for (const dependency of object.dependsOn) {
      this.settle(dependency);
      const missing = this.whyMissing(dependency);
      if (missing !== null) this.withhold(key, missing);
    }
    this.path.pop();
    this.settled.add(key);
  }

  /** null when the dependency is admitted, or kept as it is. */
  private whyMissing(dependency: string): string | null {
    const observed = this.world.byKey.get(dependency);
    const withheld = this.withheld.get(dependency);
    if (withheld) return observed ? null : waitsFor(withheld);
    if (this.wanted.has(dependency)) return null;
    if (observed?.owner && this.invalidOwners.has(ownerName(observed.owner))) return null;
    return `needs ${dependency}, which is not part of the desired state`;
  }

  /**
   * What exists of the withheld, all that belongs to invalid owners, and what these stand on. What an admitted object among
   * these stands on is decided by its own rendering.
   */
  private keptKeys(): ReadonlySet<string> {
    if (this.withheld.size === 0 && this.invalidOwners.size === 0) return new Set();
    const kept = new Set<string>();
    for (const { key, owner } of this.world.byKey.values()) {
      if (this.withheld.has(key) || (owner !== null && this.invalidOwners.has(ownerName(owner))))
        kept.add(key);
    }
    for (const key of kept) {
      const admitted = this.wanted.has(key) && !this.withheld.has(key);
      if (!admitted) for (const dependency of this.world.dependenciesOf(key)) kept.add(dependency);
    }
    return kept;
  }
}

/** The reason names the first cause, not every object in between. */
function waitsFor({ key, reason }: Withheld): string {
  return reason.startsWith(WAITS_FOR) ? reason : `${WAITS_FOR}${key}: ${reason}`;
}

const WAITS_FOR = 'waits for ';

function ownerName(owner: OwnerRef): string {
  return `${owner.kind} ${owner.id}`;
}
