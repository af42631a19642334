import { noDeltas } from './counter-deltas';
import { MinuteRecorder } from './minute-recorder';
import { MinuteSums, type PortMinute } from './minute-sums';

const START = new Date('2026-01-01T12:00:00Z');

describe('MinuteRecorder', () => {
  let minutes: MinuteSums;
  let saved: PortMinute[];
  let pruned: Date[];
  let leader: boolean;
  let away: boolean;
  let warnings: string[];
  let recorder: MinuteRecorder;

  beforeEach(() => {
    jest.useFakeTimers({ now: START });
    [minutes, saved, pruned, warnings] = [new MinuteSums(), [], [], []];
    [leader, away] = [true, false];
    recorder = new MinuteRecorder({
      minutes,
      store: {
        save: async (rows) => {
          if (away) throw new Error('no PostgreSQL');
          saved.push(...rows);
        },
        prune: async (before) => pruned.push(before) < 3,
      },
      retentionDays: 7,
      isLeader: () => leader,
      logger: { warn: (line) => warnings.push(line) },
    });
    recorder.start();
  });

  afterEach(async () => {
    await recorder.stop();
    jest.useRealTimers();
  });

  const sample = () => minutes.add('p', new Date(), { ...noDeltas(), seconds: 5 });

  it('writes each minute once, soon after it is over', async () => {
    sample();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(saved).toEqual([]);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(saved).toMatchObject([{ portId: 'p', minute: START }]);
    await jest.advanceTimersByTimeAsync(120_000);
    expect(saved).toHaveLength(1);
  });

  it('keeps a minute until PostgreSQL is back, and says once that it is away', async () => {
    away = true;
    sample();
    await jest.advanceTimersByTimeAsync(120_000);
    expect(warnings).toHaveLength(1);
    away = false;
    await jest.advanceTimersByTimeAsync(5000);
    expect(saved).toHaveLength(1);
  });

  it('leaves writing to the leader, and does not write later what was another’s', async () => {
    leader = false;
    sample();
    await jest.advanceTimersByTimeAsync(120_000);
    leader = true;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(saved).toEqual([]);
  });

  it('prunes what is older than the retention, batch by batch, and then rests', async () => {
    await jest.advanceTimersByTimeAsync(60_000);
    expect(pruned).toHaveLength(3);
    expect(pruned[0]).toEqual(new Date('2025-12-25T12:00:05Z'));
  });
});
