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

function sameArray(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => sameSpec(item, b[i]));
}

function sameRecord(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  let present = 0;
  for (const name of Object.keys(a)) {
    if (a[name] === undefined) continue;
    if (!Object.hasOwn(b, name) || !sameSpec(a[name], b[name])) return false;
    present++;
  }
  for (const name of Object.keys(b)) if (b[name] !== undefined) present--;
  return present === 0;
}
