/**
 * Are two specs the same as JSON with sorted keys? Compared in place: writing thousands of specs out as text in every round
 * would cost more than the rest of the plan. As in JSON, a property that is `undefined` is one that isn't there.
 */
export function sameSpec(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && sameArray(a, b);
  return sameRecord(a as Record<string, unknown>, b as Record<string, unknown>);
}

/**
 * The same for specs that are asked about in every round: a pair that was found the same is known by identity from then on.
 * Specs never change, and drivers keep those of unchanged objects.
 */
export function sameUnchangingSpec(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null) return a === b;
  if (a === b || knownSame.get(a) === b) return true;
  if (!sameSpec(a, b)) return false;
  knownSame.set(a, b as object);
  return true;
}

const knownSame = new WeakMap<object, object>();

function sameArray(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!sameSpec(a[i], b[i])) return false;
  return true;
}

function sameRecord(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  let present = 0;
  for (const name in a) {
    if (a[name] === undefined) continue;
    if (!sameSpec(a[name], b[name])) return false;
    present++;
  }
  for (const name in b) if (b[name] !== undefined) present--;
  return present === 0;
}
