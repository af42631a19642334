import { KeepAlive } from './keep-alive';

describe('keep-alive', () => {
  let probes: number;
  let silences: number[];
  let keepAlive: KeepAlive;

  beforeEach(() => {
    jest.useFakeTimers();
    probes = 0;
    silences = [];
    keepAlive = new KeepAlive({
      probe: () => (probes += 1),
      declareDead: (silentMs) => silences.push(silentMs),
    });
  });

  afterEach(() => {
    keepAlive.stop();
    jest.useRealTimers();
  });

  it('probes a silent peer every second and declares it dead within five', () => {
    jest.advanceTimersByTime(4999);
    expect({ probes, silences }).toEqual({ probes: 4, silences: [] });
    jest.advanceTimersByTime(1);
    expect(silences).toEqual([4000]);
  });

  it('lets a peer live that answers, however late', () => {
    for (let second = 0; second < 20; second += 1) {
      jest.advanceTimersByTime(3900);
      keepAlive.heard();
    }
    expect(silences).toEqual([]);
  });

  it('does nothing any more once stopped', () => {
    keepAlive.stop();
    jest.advanceTimersByTime(60_000);
    expect({ probes, silences }).toEqual({ probes: 0, silences: [] });
  });
});
