import { getEventListeners } from 'node:events';
import { underSignals } from './under-signals';

const LATER = { afterMs: 10_000, message: 'too slow' };

describe('underSignals', () => {
  const untilAborted = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });

  it('ends the work with the reason of whichever signal is aborted', async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const work = underSignals([first.signal, second.signal], LATER, untilAborted);
    second.abort(new Error('engine lost'));
    await expect(work).rejects.toThrow('engine lost');
    await expect(underSignals([second.signal], LATER, untilAborted)).rejects.toThrow('engine lost');
  });

  it('ends it when the time is over', async () => {
    await expect(underSignals([], { afterMs: 10, message: 'too slow' }, untilAborted)).rejects.toThrow(
      'too slow',
    );
  });

  it('leaves nothing registered with the signals', async () => {
    const { signal } = new AbortController();
    await expect(underSignals([signal], LATER, async () => 7)).resolves.toBe(7);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
