import type { BackendObject } from '@opendvs/dataplane';
import type { Outcome, StepFailure } from './execute-plan';
import { RetrySchedule } from './retry-schedule';

const failure = (key: string, kind: StepFailure['kind'] = 'failed', error = 'out of memory'): StepFailure => {
  const to: BackendObject = {
    kind: 'port',
    key,
    spec: 1,
    dependsOn: [],
    claims: [],
    owner: { kind: 'port', id: key },
    because: key,
  };
  const step = { verb: 'create' as const, key, to };
  return {
    planned: { phase: 'build', step, needs: [], owner: to.owner, because: key, recreate: false },
    kind,
    error,
  };
};
const outcome = (...failures: StepFailure[]): Outcome => ({ applied: [], failures });
const spec = () => 1;

describe('RetrySchedule', () => {
  it('tries objects together that failed at about the same time, whatever their jitter', () => {
    const delays = [130, 180, 249];
    const retries = new RetrySchedule(() => ({ nextDelayMs: () => delays.pop()! }));
    retries.learn(outcome(failure('a'), failure('b'), failure('c')), spec, 1000);
    expect(['a', 'b', 'c'].map((key) => retries.whyHeld(key, 1, 1249))).toEqual([
      'out of memory',
      'out of memory',
      'out of memory',
    ]);
    expect(['a', 'b', 'c'].map((key) => retries.whyHeld(key, 1, 1250))).toEqual([null, null, null]);
    expect(retries.nextDueAtMs()).toBe(1250);
  });

  it('holds nothing of which something else is desired now', () => {
    const retries = new RetrySchedule(() => ({ nextDelayMs: () => 1000 }));
    retries.learn(outcome(failure('a')), spec, 0);
    expect(retries.whyHeld('a', 1, 10)).toBe('out of memory');
    expect(retries.whyHeld('a', 2, 10)).toBeNull();
    expect(retries.whyHeld('a', undefined, 10)).toBeNull();
    expect(retries.whyHeld('b', 1, 10)).toBeNull();
  });

  it('waits longer each time, and begins anew for another target', () => {
    const made: number[] = [];
    const retries = new RetrySchedule(() => {
      let delayMs = 250;
      made.push(0);
      return { nextDelayMs: () => (delayMs *= 2) };
    });
    retries.learn(outcome(failure('a')), spec, 0);
    expect(retries.nextDueAtMs()).toBe(500);
    retries.learn(outcome(failure('a')), spec, 500);
    expect(retries.nextDueAtMs()).toBe(1500);
    retries.learn(outcome(failure('a')), () => 2, 1000);
    expect(retries.nextDueAtMs()).toBe(1500);
    expect(made).toHaveLength(2);
  });

  it('forgets what succeeded, and not what merely waited', () => {
    const retries = new RetrySchedule(() => ({ nextDelayMs: () => 250 }));
    retries.learn(outcome(failure('a'), failure('b')), spec, 0);
    retries.learn(outcome(failure('b', 'held')), spec, 10);
    expect([retries.isRetry('a'), retries.isRetry('b')]).toEqual([false, true]);
    retries.learn(outcome(), spec, 20);
    expect(retries.nextDueAtMs()).toBe(Infinity);
  });

  it('calls a failure news when it is new or another one', () => {
    const retries = new RetrySchedule(() => ({ nextDelayMs: () => 250 }));
    const news = (...failures: StepFailure[]) => [...retries.learn(outcome(...failures), spec, 0)];
    expect(news(failure('a'))).toEqual(['a']);
    expect(news(failure('a'))).toEqual([]);
    expect(news(failure('a', 'failed', 'no queue'))).toEqual(['a']);
  });
});
