import { EngineUnavailableError } from '@opendvs/dataplane';
import type { PortCounters } from '@opendvs/model';
import { anId, eventually } from '@opendvs/testing';
import { CountersSampler } from './counters-sampler';

const counters = { portId: anId(), epoch: 'one' } as PortCounters;

let stop: AbortController;
let warnings: string[];
beforeEach(() => {
  stop = new AbortController();
  warnings = [];
});
afterEach(() => stop.abort());

function sampler(readCounters: (signal: AbortSignal) => Promise<PortCounters[]>): {
  sampler: CountersSampler;
  taken: unknown[];
} {
  const taken: unknown[] = [];
  const quiet = {
    debug: () => {},
    info: () => {},
    error: () => {},
    warn: (message: string) => warnings.push(message),
  };
  const made = new CountersSampler({ readCounters }, 20, quiet, (_at, ports) => taken.push(ports));
  void made.run(stop.signal);
  return { sampler: made, taken };
}

describe('sampling counters', () => {
  it('hands on every reading and keeps the last', async () => {
    const { sampler: made, taken } = sampler(() => Promise.resolve([counters]));
    await eventually('three readings', () => taken.length >= 3);
    expect([...made.latest().values()]).toEqual([counters]);
  });

  it('shows nothing old while the engine is away, without complaining, and goes on when it is back', async () => {
    let away = false;
    const { sampler: made, taken } = sampler(() =>
      away ? Promise.reject(new EngineUnavailableError('away')) : Promise.resolve([counters]),
    );
    await eventually('a reading', () => made.latest().size === 1);
    away = true;
    await eventually('none', () => made.latest().size === 0);
    expect(warnings).toEqual([]);
    away = false;
    const before = taken.length;
    await eventually('another reading', () => taken.length > before);
  });

  it('complains once about what it does not expect', async () => {
    let reads = 0;
    sampler(() => (reads++, Promise.reject(new Error('no such column'))));
    await eventually('several readings', () => reads >= 3);
    expect(warnings).toHaveLength(1);
  });

  it('gives up a reading that takes longer than the interval', async () => {
    let reads = 0;
    sampler(
      (signal) =>
        new Promise((_resolve, reject) => {
          reads++;
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    );
    await eventually('several readings', () => reads >= 3);
  });
});
