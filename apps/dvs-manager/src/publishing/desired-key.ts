/** Keys of the bucket read back: which object each names. */
import type { DesiredEntry } from '@opendvs/contracts';

export type ObjectKind = Exclude<DesiredEntry['kind'], 'meta'>;

const ID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const PATTERNS: [ObjectKind, RegExp][] = [
  ['switch', new RegExp(`^shared\\.switch\\.(${ID})$`)],
  ['port-group', new RegExp(`^shared\\.port-group\\.(${ID})$`)],
  ['host', new RegExp(`^host\\.(${ID})\\.config$`)],
  ['port', new RegExp(`^host\\.${ID}\\.port\\.(${ID})$`)],
];

/** null: names no object (`shared.meta`, or a key that isn't ours). */
export function parseDesiredKey(key: string): { kind: ObjectKind; id: string } | null {
  for (const [kind, pattern] of PATTERNS) {
    const id = pattern.exec(key)?.[1];
    if (id !== undefined) return { kind, id };
  }
  return null;
}
