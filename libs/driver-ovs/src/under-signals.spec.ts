import { getEventListeners } from 'node:events';
import { underSignals } from './under-signals';

describe('underSignals', () => {
  const untilAborted = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });

  it('ends with the reason of whichever signal is aborted', async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const waiting = underSignals([first.signal, second.signal], 10_000, untilAborted);
    second.abort(new Error('engine lost'));
    await expect(waiting).rejects.toThrow('engine lost');
    await expect(underSignals([second.signal], 10_000, untilAborted)).rejects.toThrow('engine lost');
  });

  it('says whether it was done in time', async () => {
    await expect(underSignals([], 10, untilAborted)).resolves.toBe(false);
    await expect(underSignals([], 10_000, async () => undefined)).resolves.toBe(true);
  });

  it('leaves nothing registered with the signals', async () => {
    const { signal } = new AbortController();
    await underSignals([signal], 10_000, async () => undefined);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
