import { checkPrecondition, isNotModified, itemPrecondition, readIfMatch } from './preconditions';

describe('If-Match', () => {
  it.each([
    [undefined, null],
    ['*', '*'],
    ['"3"', { versions: [3] }],
    ['"3", "4"', { versions: [3, 4] }],
  ])('%j is read', (header, expected) => {
    expect(readIfMatch(header)).toEqual(expected);
  });

  it.each(['3', '"3', 'W/3', '"3" "4"', ''])('%j is refused', (header) => {
    expect(() => readIfMatch(header)).toThrow(/If-Match/);
  });

  it('never takes a weak or a foreign tag for ours', () => {
    for (const header of ['W/"3"', '"abc"', '"3.5"']) {
      expect(() => checkPrecondition(readIfMatch(header), 3, 'it')).toThrow('its ETag is "3" now');
    }
  });

  it('lets the right version, any of a list, and * pass', () => {
    for (const header of ['"3"', '"1","3"', '*'])
      expect(() => checkPrecondition(readIfMatch(header), 3, 'it')).not.toThrow();
    expect(() => checkPrecondition(null, 3, 'it')).not.toThrow();
  });

  it('of a bulk item may be a version or an ETag', () => {
    expect(['*', '3', '"3"', null].map(itemPrecondition)).toEqual([
      '*',
      { versions: [3] },
      { versions: [3] },
      null,
    ]);
  });
});

it.each([
  [undefined, false],
  ['"3"', true],
  ['W/"3"', true],
  ['"2", W/"3"', true],
  ['*', true],
  ['"33"', false],
])('If-None-Match %j against version 3: %j', (header, expected) => {
  expect(isNotModified(header, 3)).toBe(expected);
});
