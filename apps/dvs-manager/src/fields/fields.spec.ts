import { ProblemError } from '../problems/problem';
import { type DtoClass, fieldsOf } from './field';
import { readPatch } from './merge-patch';
import { FlagField, IntegerField } from './number-fields';
import { ListField, ObjectField } from './object-fields';
import { readDto } from './read-dto';
import { ChoiceField, IdField, NameField, TextField, VlanListField } from './text-fields';

class Inner {
  @IntegerField({ description: 'depth', min: 1, max: 9, unit: 'm' })
  depth!: number;

  @FlagField({ description: 'wet', default: false })
  wet!: boolean;
}

class Whole {
  @IntegerField({ description: 'a', min: 0, max: 9, default: null })
  a!: number | null;

  @IntegerField({ description: 'b', min: 0, max: 9, default: null })
  b!: number | null;
}

class Outer {
  @NameField({ description: 'name' })
  name!: string;

  @ChoiceField({ description: 'colour', values: ['red', 'blue'], default: 'red' })
  colour!: string;

  @IdField({ description: 'owner', default: null, fixed: true })
  owner!: string | null;

  @VlanListField({ description: 'vlans', default: null })
  vlans!: string | null;

  @ObjectField({ description: 'inner', of: () => Inner, default: { depth: 3 } })
  inner!: Inner;

  @ObjectField({ description: 'whole', of: () => Whole, whole: true, default: null })
  whole!: Whole | null;

  @ListField({ description: 'list', of: () => Inner, maxItems: 2, default: [] })
  list!: Inner[];
}

function errorsOf(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof ProblemError)
      return (error.extras.errors ?? []).map(({ field, reason }) => `${field} ${reason}`);
    throw error;
  }
  return [];
}

describe('reading an object', () => {
  it('fills in every default, also in nested objects and for null', () => {
    expect({ ...readDto(Outer, { name: 'x', colour: null, list: [{ depth: 2 }] }) }).toEqual({
      name: 'x',
      colour: 'red',
      owner: null,
      vlans: null,
      inner: { depth: 3, wet: false },
      whole: null,
      list: [{ depth: 2, wet: false }],
    });
  });

  it('never shares a default object between two readings', () => {
    const first = readDto(Outer, { name: 'x' });
    first.inner.depth = 9;
    expect(readDto(Outer, { name: 'y' }).inner.depth).toBe(3);
  });

  it.each([
    [{}, ['/name must be text; got nothing']],
    [{ name: 'x', inner: { depth: 10 } }, ['/inner/depth must be an integer from 1 to 9 (m); got 10']],
    [{ name: 'x', inner: [] }, ['/inner must be an object; got []']],
    [
      { name: 'x', list: [{ depth: 1 }, { depth: '1' }] },
      ['/list/1/depth must be an integer from 1 to 9 (m); got "1"'],
    ],
    [{ name: 'x', list: [{}, {}, {}] }, ['/list must have 0 to 2 items; got 3']],
    [{ name: 'x', list: {} }, ['/list must be a list; got {}']],
    [{ name: 'x', list: [5] }, ['/list/0 must be an object']],
    [{ name: 'x', list: [null] }, ['/list/0 must be an object']],
    [{ name: 'x', 'a/b~c': 1 }, ['/a~1b~0c is not a field that can be set here']],
    [{ name: 'x', inner: { depth: 1, deeper: 2 } }, ['/inner/deeper is not a field that can be set here']],
    [
      { name: 'x', owner: 'ABCDEF00-0000-4000-8000-000000000000' },
      ['/owner must be a UUID in lower case; got "ABCDEF00-0000-4000-8000-000000000000"'],
    ],
    [{ name: 'x', vlans: '9-1' }, ['/vlans range "9-1" in "9-1" runs backwards; write "1-9"']],
    [{ name: 'x', vlans: 7 }, ['/vlans must be VLANs such as "100-199,300"; got 7']],
    [{ name: 'a\u2028b' }, ['/name must not contain control characters or lone surrogates']],
    [{ name: ' ' }, ['/name must not begin or end with white space']],
  ])('refuses %j', (plain, expected) => {
    expect(errorsOf(() => readDto(Outer, plain)).slice(0, expected.length)).toEqual(expected);
  });

  it('counts characters, not UTF-16 units', () => {
    expect(errorsOf(() => readDto(Outer, { name: '😀'.repeat(256) }))).toEqual([]);
    expect(errorsOf(() => readDto(Outer, { name: '😀'.repeat(257) }))).toEqual([
      '/name must have 1 to 256 characters; got 257',
    ]);
  });

  it('allows line breaks only where text is declared to have several lines', () => {
    class Texts {
      @TextField({ description: 'one', maxLength: 9, default: null })
      one!: string | null;

      @TextField({ description: 'many', maxLength: 9, multiline: true, default: null })
      many!: string | null;
    }
    expect(errorsOf(() => readDto(Texts, { one: 'a\nb', many: 'a\n\tb' }))).toEqual([
      '/one must not contain control characters or lone surrogates',
    ]);
  });

  it('tells at most fifty errors', () => {
    const plain = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x${i}`, i]));
    expect(errorsOf(() => readDto(Outer, plain))).toHaveLength(50);
  });
});

describe('patching an object', () => {
  const owner = '6a0f6ed1-6f3c-4c0c-9f3d-0c1f6f9f3b11';
  const current = (): Outer =>
    readDto(Outer, {
      name: 'x',
      colour: 'blue',
      owner,
      inner: { depth: 5, wet: true },
      whole: { a: 1 },
      list: [{ depth: 1 }],
    });
  const patched = (patch: object) => ({ ...readPatch(Outer, current(), patch) });

  it('keeps what the patch does not name, and merges objects', () => {
    expect(patched({ inner: { depth: 6 } })).toEqual({ ...current(), inner: { depth: 6, wet: true } });
  });

  it('goes back to the default with null', () => {
    expect(patched({ colour: null, inner: null, vlans: null })).toMatchObject({
      colour: 'red',
      inner: { depth: 3, wet: false },
      vlans: null,
    });
  });

  it('replaces lists, and objects that are declared whole', () => {
    expect(patched({ whole: { b: 2 }, list: [] })).toMatchObject({ whole: { a: null, b: 2 }, list: [] });
  });

  it('leaves the current object as it is', () => {
    const before = current();
    readPatch(Outer, before, { inner: { depth: 6 }, colour: null });
    expect(before).toEqual(current());
  });

  it.each([
    [{ name: null }, '/name must be text; got nothing'],
    [{ colour: 'green' }, '/colour must be one of red, blue; got "green"'],
    [{ owner: null }, '/owner can not be changed after creation'],
    [{ size: null }, '/size is not a field that can be set here'],
    [{ inner: { size: null } }, '/inner/size is not a field that can be set here'],
    [{ inner: 5 }, '/inner must be an object; got 5'],
  ])('refuses %j', (patch, expected) => {
    expect(errorsOf(() => patched(patch))).toEqual([expected]);
  });

  it('accepts a fixed field that stays as it is', () => {
    expect(patched({ owner })).toEqual(current());
  });

  it('names fields by their place in a bulk request', () => {
    expect(errorsOf(() => readPatch(Outer, current(), { inner: { depth: 0 } }, '/update/3/changes'))).toEqual(
      ['/update/3/changes/inner/depth must be an integer from 1 to 9 (m); got 0'],
    );
  });
});

it('lists the fields of a class with those it inherits, in their order', () => {
  class More extends Inner {
    @FlagField({ description: 'more' })
    more!: boolean;
  }
  expect(fieldsOf(More as DtoClass).map(({ name }) => name)).toEqual(['depth', 'wet', 'more']);
  expect(fieldsOf(Inner as DtoClass).map(({ name }) => name)).toEqual(['depth', 'wet']);
});
