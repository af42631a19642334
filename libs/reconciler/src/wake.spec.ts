import { ManualClock } from '@opendvs/testing';
import { Wake } from './wake';

describe('Wake', () => {
  const clock = new ManualClock();
  const never = new AbortController().signal;
  /** Has it resolved by the next turn of the event loop? */
  const isOver = async (waiting: Promise<void>) => {
    let over = false;
    void waiting.then(() => (over = true));
    await new Promise(setImmediate);
    return over;
  };

  it('ends waits from when it is raised until it is lowered', async () => {
    const wake = new Wake(clock);
    const waiting = wake.wait(Infinity, never);
    expect(await isOver(waiting)).toBe(false);
    wake.raise();
    wake.raise();
    expect(await isOver(waiting)).toBe(true);
    expect(await isOver(wake.wait(Infinity, never))).toBe(true);
    wake.lower();
    expect(await isOver(wake.wait(Infinity, never))).toBe(false);
  });

  it('ends a wait when its time is over, and leaves no timer behind when raised before', async () => {
    const wake = new Wake(clock);
    const waiting = wake.wait(100, never);
    clock.advance(99);
    expect(await isOver(waiting)).toBe(false);
    clock.advance(1);
    expect(await isOver(waiting)).toBe(true);
    const raised = wake.wait(100, never);
    wake.raise();
    await raised;
    expect(clock.nextTimerInMs()).toBeNull();
  });

  it('ends a wait when the signal is aborted, before or meanwhile', async () => {
    const wake = new Wake(clock);
    expect(await isOver(wake.wait(Infinity, AbortSignal.abort()))).toBe(true);
    const stop = new AbortController();
    const waiting = wake.wait(Infinity, stop.signal);
    stop.abort();
    expect(await isOver(waiting)).toBe(true);
  });
});
