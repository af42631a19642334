import { ProblemError } from '../problems/problem';
import { historyRange, timeReason } from './history-range';

const NOW = new Date('2026-01-01T12:34:56Z');
const LIMITS = { recentStepSeconds: 5, pointsMax: 2000 };

describe('historyRange', () => {
  it('is the last hour in minutes unless told otherwise', () => {
    expect(historyRange({ from: null, to: null, step: 60 }, NOW, LIMITS)).toEqual({
      from: new Date('2026-01-01T11:34:00Z'),
      to: new Date('2026-01-01T12:35:00Z'),
      stepSeconds: 60,
    });
  });

  it.each([
    ['step', { from: null, to: null, step: 61 }],
    ['from', { from: '2026-01-01T13:00:00Z', to: null, step: 60 }],
    ['step', { from: '2025-01-01T00:00:00Z', to: null, step: 60 }],
  ])('names %s when it is at fault', (field, query) => {
    expect(() => historyRange(query, NOW, LIMITS)).toThrow(ProblemError);
    try {
      historyRange(query, NOW, LIMITS);
    } catch (error) {
      expect((error as ProblemError).extras.errors).toMatchObject([{ in: 'query', field }]);
    }
  });
});

it.each(['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123+02:00'])('takes %s for a time', (text) =>
  expect(timeReason(text)).toBeNull(),
);
it.each(['yesterday', '2026-01-01', '2026-13-01T00:00:00Z', '1735689600', '2026-01-01T00:00:00'])(
  'does not take %s for a time',
  (text) => expect(timeReason(text)).toMatch(/must be a time/),
);
