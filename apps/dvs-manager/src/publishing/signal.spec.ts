import { Signal } from './signal';

const never = new AbortController().signal;

it('wakes who waits', async () => {
  const signal = new Signal();
  const waiting = signal.wait(60_000, never);
  signal.raise();
  await expect(waiting).resolves.toBeUndefined();
});

it('keeps one wake-up for the next wait, however often it was raised', async () => {
  jest.useFakeTimers();
  const signal = new Signal();
  signal.raise();
  signal.raise();
  await signal.wait(60_000, never);
  let woken = false;
  const second = signal.wait(60_000, never).then(() => (woken = true));
  await jest.advanceTimersByTimeAsync(59_999);
  expect(woken).toBe(false);
  await jest.advanceTimersByTimeAsync(1);
  await second;
  jest.useRealTimers();
});

it('lets go at once when the signal is aborted, before or during the wait', async () => {
  const stop = new AbortController();
  const waiting = new Signal().wait(60_000, stop.signal);
  stop.abort();
  await waiting;
  await new Signal().wait(60_000, stop.signal);
});
