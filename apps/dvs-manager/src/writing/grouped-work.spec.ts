import { GroupedWork } from './grouped-work';

/** Work whose groups can be held back and released, to see what gathers meanwhile. */
class Bench {
  readonly groups: number[][] = [];
  readonly alone: number[] = [];
  private readonly gates: (() => void)[] = [];
  failure: Error | null = null;

  readonly work = new GroupedWork<number, string>({
    together: async (requests) => {
      this.groups.push(requests);
      await this.gate();
      if (this.failure) throw this.failure;
      return requests.map((n) => `group ${n}`);
    },
    alone: async (n) => {
      this.alone.push(n);
      await this.gate();
      if (n < 0) throw new Error(`no ${n}`);
      return `alone ${n}`;
    },
    mayRetry: (error) => (error as Error).message !== 'database away',
    groupMax: 3,
  });

  /** Lets everything that is held back go on, until nothing is left. */
  async release(): Promise<void> {
    for (let idle = 0; idle < 5;) {
      const gate = this.gates.shift();
      gate?.();
      idle = gate ? 0 : idle + 1;
      await new Promise(setImmediate);
    }
  }

  private gate(): Promise<void> {
    return new Promise((resolve) => this.gates.push(resolve));
  }
}

it('carries a lone request out at once, and what gathers meanwhile in groups of limited size', async () => {
  const bench = new Bench();
  const answers = Promise.all([1, 2, 3, 4, 5].map((n) => bench.work.add('a', n)));
  expect(bench.alone).toEqual([1]);
  await bench.release();
  expect(await answers).toEqual(['alone 1', 'group 2', 'group 3', 'group 4', 'alone 5']);
  expect(bench.groups).toEqual([[2, 3, 4]]);
});

it('begins anew after it has come to rest', async () => {
  const bench = new Bench();
  const first = bench.work.add('a', 1);
  await bench.release();
  const second = bench.work.add('a', 2);
  await bench.release();
  expect([await first, await second]).toEqual(['alone 1', 'alone 2']);
});

it('keeps different keys apart', async () => {
  const bench = new Bench();
  const answers = Promise.all([
    bench.work.add('a', 1),
    bench.work.add('b', 2),
    bench.work.add('a', 3),
    bench.work.add('b', 4),
  ]);
  await bench.release();
  await answers;
  expect(bench.groups).toEqual([]);
  expect(bench.alone.sort()).toEqual([1, 2, 3, 4]);
});

it('tries each of a failed group alone, so that one does not spoil the others', async () => {
  const bench = new Bench();
  bench.failure = new Error('one of you is wrong');
  const answers = Promise.allSettled([1, 2, -3, 4].map((n) => bench.work.add('a', n)));
  await bench.release();
  expect(await answers).toMatchObject([
    { value: 'alone 1' },
    { value: 'alone 2' },
    { reason: { message: 'no -3' } },
    { value: 'alone 4' },
  ]);
});

it('tells all of a group at once when trying again makes no sense', async () => {
  const bench = new Bench();
  bench.failure = new Error('database away');
  const answers = Promise.allSettled([1, 2, 3].map((n) => bench.work.add('a', n)));
  await bench.release();
  expect(await answers).toMatchObject([
    { value: 'alone 1' },
    { reason: bench.failure },
    { reason: bench.failure },
  ]);
  expect(bench.alone).toEqual([1]);
});
