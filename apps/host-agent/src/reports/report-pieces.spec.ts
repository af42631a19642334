import fc from 'fast-check';
import { clip, PIECE_BYTES_MAX, pieces } from './report-pieces';

describe('pieces of a report', () => {
  it('hold every item once, in order, within both limits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 50 })),
        fc.integer({ min: 1, max: 10 }),
        (items, countMax) => {
          const split = pieces(items, countMax);
          expect(split.flat()).toEqual(items);
          expect(split.every((piece) => piece.length <= countMax)).toBe(true);
          expect(split.slice(1).every((piece) => piece.length > 0)).toBe(true);
        },
      ),
    );
  });

  it('fit a message even where texts are long', () => {
    const split = pieces(
      Array.from({ length: 2000 }, () => 'ü'.repeat(1000)),
      2000,
    );
    expect(split.length).toBeGreaterThan(1);
    expect(split.every((piece) => Buffer.byteLength(JSON.stringify(piece)) <= PIECE_BYTES_MAX + 2)).toBe(
      true,
    );
  });

  it('are one, empty, when there is nothing', () => {
    expect(pieces([], 10)).toEqual([[]]);
  });
});

describe('clipping a text', () => {
  it('leaves a short one alone and marks a long one', () => {
    expect(clip('short', 5)).toBe('short');
    expect(clip('longer', 5)).toBe('long…');
  });
});
