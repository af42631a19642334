import { EngineUnavailableError, type BackendObject, type StepResult } from '@opendvs/dataplane';
import { StrictEngine } from '@opendvs/testing';
import { executePlan } from './execute-plan';
import { planSteps } from './plan-steps';

const thing = (key: string, ...dependsOn: string[]): BackendObject => ({
  kind: 'thing',
  key,
  spec: 1,
  dependsOn,
  claims: [],
  owner: { kind: 'port', id: key },
  because: `for ${key}`,
});
const plan = planSteps([thing('a'), thing('b', 'a'), thing('c', 'b'), thing('d')], [], () => 'in-place');
const never = new AbortController().signal;
const rejecting = (error: Error) => ({ apply: () => Promise.reject(error) });

describe('executePlan', () => {
  it('skips what needs a failed object, however far, and names the one that failed', async () => {
    const engine = new StrictEngine();
    engine.refuses.add('a');
    const { applied, failures } = await executePlan(plan, engine, never);
    expect(applied.map(({ step }) => step.key)).toEqual(['d']);
    expect(failures.map(({ planned, kind, error }) => [planned.step.key, kind, error])).toEqual([
      ['a', 'failed', 'a is refused'],
      ['b', 'skipped', 'waits for a: a is refused'],
      ['c', 'skipped', 'waits for a: a is refused'],
    ]);
  });

  it('does not try what is held, nor what needs it', async () => {
    const engine = new StrictEngine();
    const { failures } = await executePlan(plan, engine, never, ({ step }) =>
      step.key === 'b' ? 'it failed lately' : null,
    );
    expect([...engine.objects.keys()]).toEqual(['a', 'd']);
    expect(failures.map(({ planned, kind }) => [planned.step.key, kind])).toEqual([
      ['b', 'held'],
      ['c', 'skipped'],
    ]);
  });

  it('stops when the engine goes away', async () => {
    await expect(executePlan(plan, rejecting(new EngineUnavailableError('killed')), never)).rejects.toThrow(
      EngineUnavailableError,
    );
  });

  it('stops when it is aborted, with what the driver said', async () => {
    await expect(executePlan(plan, rejecting(new Error('aborted')), AbortSignal.abort())).rejects.toThrow(
      'aborted',
    );
  });

  it('takes a batch that throws for steps that failed, and goes on with what does not need them', async () => {
    const { failures } = await executePlan(plan, rejecting(new Error('out of order')), never);
    expect(failures.map(({ planned, kind, error }) => [planned.step.key, kind, error])).toEqual([
      ['a', 'failed', 'out of order'],
      ['d', 'failed', 'out of order'],
      ['b', 'skipped', 'waits for a: out of order'],
      ['c', 'skipped', 'waits for a: out of order'],
    ]);
  });

  it('takes a missing result for a failure', async () => {
    const forgetful = { apply: async (): Promise<StepResult[]> => [] };
    const { failures } = await executePlan(plan, forgetful, never);
    expect(failures[0]?.error).toBe(
      'the driver gave no result for a; this is a fault of the driver, report it',
    );
  });
});
