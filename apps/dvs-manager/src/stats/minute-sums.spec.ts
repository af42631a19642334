import { noDeltas } from './counter-deltas';
import { MinuteSums } from './minute-sums';

const at = (text: string) => new Date(`2026-01-01T${text}Z`);
const deltas = (rxPackets: number) => ({
  ...noDeltas(),
  seconds: 5,
  counts: { ...noDeltas().counts, rxPackets },
});

describe('MinuteSums', () => {
  it('gives each minute once it and its grace are over', () => {
    const sums = new MinuteSums();
    sums.add('p', at('12:00:03'), deltas(1));
    sums.add('p', at('12:00:59.9'), deltas(2));
    sums.add('p', at('12:01:00'), deltas(4));
    expect(sums.over(at('12:01:04'))).toEqual([]);
    expect(sums.over(at('12:01:05'))).toEqual([
      { portId: 'p', minute: at('12:00:00'), deltas: { ...deltas(3), seconds: 10 } },
    ]);
    sums.forget(at('12:00:00'));
    expect(sums.over(at('12:02:05')).map(({ minute }) => minute)).toEqual([at('12:01:00')]);
  });

  it('gives up old minutes while they can not be saved', () => {
    const sums = new MinuteSums();
    for (let minute = 0; minute < 10; minute += 1) sums.add('p', at(`12:0${minute}:00`), deltas(1));
    expect(sums.over(at('12:10:05')).map(({ minute }) => minute.getUTCMinutes())).toEqual([5, 6, 7, 8, 9]);
  });
});
