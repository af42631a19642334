import * as fc from 'fast-check';
import { sameSpec, sameUnchangingSpec } from './same-spec';

/** The definition that sameSpec must keep to. */
function canonicalJson(spec: unknown): string | undefined {
  return JSON.stringify(spec, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

describe('sameSpec', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const { spec } = fc.letrec<{ spec: unknown }>((tie) => ({
    spec: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, true, false, 0, 1, '', '1'),
      fc.array(tie('spec'), { maxLength: 3 }),
      fc.dictionary(name, fc.oneof(fc.constant(undefined), tie('spec')), { maxKeys: 3 }),
    ),
  }));

  it('agrees with the comparison of JSON with sorted keys', () => {
    fc.assert(
      fc.property(spec, spec, (a, b) => {
        expect(sameSpec(a, b)).toBe(canonicalJson(a) === canonicalJson(b));
      }),
      { numRuns: 2000 },
    );
  });

  it('finds a copy with another order of properties the same', () => {
    const reversed = (value: unknown): unknown => {
      if (typeof value !== 'object' || value === null) return value;
      if (Array.isArray(value)) return value.map(reversed);
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, inner]) => [key, reversed(inner)]),
      );
    };
    fc.assert(fc.property(spec, (a) => sameSpec(a, reversed(a))));
  });

  it('takes a name that every object inherits for what it is', () => {
    expect(sameSpec({ toString: 'x' }, {})).toBe(false);
    expect(sameSpec({}, { toString: 'x' })).toBe(false);
  });
});

describe('sameUnchangingSpec', () => {
  it('remembers only what was the same', () => {
    const [a, b, c] = [{ rate: 1 }, { rate: 1 }, { rate: 2 }];
    expect([
      sameUnchangingSpec(a, b),
      sameUnchangingSpec(a, c),
      sameUnchangingSpec(a, b),
      sameUnchangingSpec(1, 1),
    ]).toEqual([true, false, true, true]);
  });
});
