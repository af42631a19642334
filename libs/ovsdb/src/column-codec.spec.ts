import * as fc from 'fast-check';
import {
  applyDifference,
  decodeColumn,
  defaultOf,
  encodeColumn,
  type Atom,
  type Value,
} from './column-codec';
import { column, NamedUuid, type AtomType, type Column } from './column-types';
import type { Json } from './json-rpc-connection';

const ATOMS: Record<AtomType, fc.Arbitrary<Atom>> = {
  string: fc.string({ unit: 'binary' }),
  integer: fc.maxSafeInteger(),
  real: fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0), // JSON has no -0
  boolean: fc.boolean(),
  uuid: fc.uuid(),
};
const atomType = fc.constantFrom(...(Object.keys(ATOMS) as AtomType[]));

/** A column with two values of it. */
const columnWithValues: fc.Arbitrary<{ column: Column; before: Value; after: Value }> = fc
  .record({ shape: fc.constantFrom('scalar', 'optional', 'set', 'map'), key: atomType, value: atomType })
  .chain(({ shape, key, value }) => {
    const of = arbitraryOf(shape, key, value);
    const declared = { shape, key, value: shape === 'map' ? value : null } as Column;
    return fc.record({ column: fc.constant(declared), before: of, after: of });
  });

function arbitraryOf(shape: string, key: AtomType, value: AtomType): fc.Arbitrary<Value> {
  switch (shape) {
    case 'scalar':
      return ATOMS[key];
    case 'optional':
      return fc.option(ATOMS[key]);
    case 'set':
      return fc.uniqueArray(ATOMS[key]).map((atoms) => [...atoms].sort(ascending));
    default:
      return fc
        .uniqueArray(fc.tuple(ATOMS[key], ATOMS[value]), { selector: ([k]) => k })
        .map((entries) => new Map(entries));
  }
}

const overTheWire = (json: Json) => JSON.parse(JSON.stringify(json)) as Json;

describe('column codec', () => {
  it('reads back whatever it writes, of every shape and type', () => {
    fc.assert(
      fc.property(columnWithValues, ({ column: of, before }) => {
        expect(decodeColumn(of, overTheWire(encodeColumn(of, before)))).toEqual(before);
      }),
    );
  });

  it('comes from any value to any other by the difference that the server sends', () => {
    fc.assert(
      fc.property(columnWithValues, ({ column: of, before, after }) => {
        const difference = overTheWire(differenceAsTheServerSendsIt(of, before, after));
        const atomsMax = of.shape === 'set' || of.shape === 'map' ? Infinity : 1;
        expect(applyDifference(of, atomsMax, before, difference)).toEqual(after);
      }),
    );
  });

  it('reads a bare atom as a set of one', () => {
    expect(decodeColumn(column.set('integer'), 7)).toEqual([7]);
    expect(decodeColumn(column.optional('string'), 'up')).toBe('up');
    expect(decodeColumn(column.set('uuid'), ['uuid', 'a'])).toEqual(['a']);
  });

  it('takes the difference as the new value where the server allows one atom only', () => {
    expect(applyDifference(column.set('integer'), 1, [5], 6)).toEqual([6]);
    expect(applyDifference(column.optional('integer'), 1, 5, ['set', []])).toBeNull();
  });

  it('writes a row that the same transaction inserts by its name', () => {
    expect(encodeColumn(column.set('uuid'), [new NamedUuid('row0'), 'b'])).toEqual([
      'set',
      [
        ['named-uuid', 'row0'],
        ['uuid', 'b'],
      ],
    ]);
  });

  it('says what it expected when a value is of another type', () => {
    expect(() => decodeColumn(column.scalar('integer'), 'seven')).toThrow(
      'expected an OVSDB integer, received "seven"',
    );
    expect(() => decodeColumn(column.map('string', 'string'), ['set', []])).toThrow('expected an OVSDB map');
  });

  it('knows the defaults of columns that a row leaves out', () => {
    expect(defaultOf(column.scalar('boolean'))).toBe(false);
    expect(defaultOf(column.optional('string'))).toBeNull();
    expect(defaultOf(column.map('string', 'string'))).toEqual(new Map());
  });
});

/** ovsdb-server(7), 4.1.14, stated the other way round. */
function differenceAsTheServerSendsIt(of: Column, before: Value, after: Value): Json {
  if (of.shape === 'set') {
    const [a, b] = [before as Atom[], after as Atom[]];
    return encodeColumn(of, [
      ...a.filter((atom) => !b.includes(atom)),
      ...b.filter((atom) => !a.includes(atom)),
    ]);
  }
  if (of.shape === 'map') {
    const [a, b] = [before as Map<Atom, Atom>, after as Map<Atom, Atom>];
    const gone = [...a].filter(([key]) => !b.has(key));
    const changed = [...b].filter(([key, value]) => a.get(key) !== value);
    return encodeColumn(of, new Map([...gone, ...changed]));
  }
  return encodeColumn(of, after);
}

function ascending(a: Atom, b: Atom): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
