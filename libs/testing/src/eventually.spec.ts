import { eventually } from './eventually';

describe('eventually', () => {
  it('gives what the condition gives as soon as that is truthy', async () => {
    let tries = 0;
    expect(await eventually('three tries', () => (++tries === 3 ? 'done' : ''), { intervalMs: 1 })).toBe(
      'done',
    );
  });

  it('says what it waited for, how long, and what came last', async () => {
    const never = (condition: () => unknown) =>
      eventually('the port is up', condition, { timeoutMs: 5, intervalMs: 1 });
    await expect(never(() => 0)).rejects.toThrow('not within 5 ms: the port is up; it gave 0');
    await expect(
      never(() => {
        throw new Error('no such port');
      }),
    ).rejects.toThrow('not within 5 ms: the port is up; it threw no such port');
  });
});
