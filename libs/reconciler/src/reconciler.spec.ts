import { SimulatedEngine } from '@opendvs/driver-sim';
import {
  aPort,
  aPortGroup,
  keyOf,
  meterOf,
  ruleOf,
  ReconcilerBench,
  threeWiredPorts,
  withEdit,
  withoutPort,
  BENCH_AUDIT_INTERVAL_MS,
} from '@opendvs/testing';
import { describePlan } from './plan';
import { NoDesiredStateError } from './plan-requests';
import type { ReconcilerChange } from './reconciler-types';

describe('Reconciler', () => {
  let bench: ReconcilerBench;
  const use = (made: ReconcilerBench) => (bench = made.start());
  afterEach(() => bench.stop());

  describe('desired states', () => {
    it('applies nothing before the first one, and deletes nothing that an earlier agent made', async () => {
      const earlier = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(earlier.desired);
      await bench.stop();

      use(new ReconcilerBench(bench.engine));
      await bench.until('the engine is open', () => bench.reconciler.snapshot().engineUp);
      await bench.passTime(3 * BENCH_AUDIT_INTERVAL_MS);
      expect(bench.driver.applied).toEqual([]);
      expect(bench.has(keyOf(earlier.ports[0]))).toBe(true);
      expect(bench.reconciler.snapshot().appliedRevisions).toEqual({ host: 0, shared: 0 });
    });

    it('finds everything in sync after a restart of the agent: not one step', async () => {
      const { desired } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      await bench.stop();
      use(new ReconcilerBench(bench.engine));
      await bench.reach(desired);
      expect(bench.driver.applied).toEqual([]);
      expect(bench.states(desired)).toEqual(['wired', 'wired', 'wired']);
    });

    it('does nothing when in sync, however many audits and repeated states there are', async () => {
      const { desired } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      const calls = bench.driver.applied.length;
      await bench.passTime(5 * BENCH_AUDIT_INTERVAL_MS);
      await bench.reach(structuredClone(desired));
      expect(bench.driver.applied.length).toBe(calls);
      expect(bench.reconciler.snapshot().totals.audits).toBeGreaterThanOrEqual(5);
      expect(bench.logger.warnings).toEqual([]);
    });

    it('applies an edit of one port by steps for that port alone', async () => {
      const { desired, dvs, ports } = threeWiredPorts();
      const other = aPortGroup(dvs, { vlan: { type: 'access', vlanId: 200 } });
      const both = { ...desired, portGroups: [...desired.portGroups, other] };
      use(new ReconcilerBench());
      await bench.reach(both);
      bench.driver.applied.length = 0;
      await bench.reach(withEdit(both, 'ports', ports[1].id, { portGroupId: other.id }));
      const touched = bench.driver.applied.flat().map(({ key }) => key);
      expect(touched.sort()).toEqual([keyOf(ports[1]), ruleOf(ports[1]), meterOf(ports[1])].sort());
    });

    it('collapses a burst into few rounds, of which the last is for the last state', async () => {
      const { desired, group } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      const before = bench.reconciler.snapshot().totals.rounds;
      let state = desired;
      for (let i = 0; i < 200; i++) {
        state = { ...state, ports: [...state.ports, { ...aPort(group), hostId: state.host.id }] };
        bench.set(state);
        await Promise.resolve(); // as messages of one packet come from a connection
      }
      await bench.until(
        'the last revision is applied',
        () => bench.reconciler.snapshot().appliedRevisions.host === 201,
      );
      expect(bench.reconciler.snapshot().totals.rounds - before).toBe(1);
      expect(bench.states(state).filter((one) => one === 'wired')).toHaveLength(203);
    });

    it('takes in what comes during a round in the next one', async () => {
      const { desired, ports } = threeWiredPorts();
      use(new ReconcilerBench(new SimulatedEngine({ latencyMs: 5 })));
      bench.set(desired);
      await bench.until('a round is on its way', () => bench.driver.applied.length > 0);
      expect(bench.reconciler.snapshot().appliedRevisions.host).toBe(0);
      for (let i = 0; i < 10; i++) bench.set(withoutPort(desired, ports[0].id));
      await bench.until(
        'the last revision is applied',
        () => bench.reconciler.snapshot().appliedRevisions.host === 11,
      );
      expect(bench.reconciler.snapshot().totals.rounds).toBe(2);
      expect(bench.has(keyOf(ports[0]))).toBe(false);
    });

    it('tells of a deleted port that it is gone, once', async () => {
      const { desired, ports } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      await bench.reach(withoutPort(desired, ports[2].id));
      await bench.passTime(BENCH_AUDIT_INTERVAL_MS);
      expect(bench.changes.flatMap(({ gonePortIds }) => gonePortIds)).toEqual([ports[2].id]);
      expect(bench.status(ports[2].id)).toBeUndefined();
    });
  });

  describe('listeners', () => {
    it('are told nothing when nothing changed', async () => {
      const { desired } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      const told = bench.changes.length;
      await bench.passTime(2 * BENCH_AUDIT_INTERVAL_MS);
      expect(bench.changes.length).toBe(told);
    });

    it('hear of the engine as soon as it is open, and of ports and revisions together', async () => {
      const { desired } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.until('it is open', () => bench.changes.length === 1);
      expect(bench.changes[0]).toMatchObject({ engineChanged: true, ports: [], appliedRevisions: null });
      await bench.reach(desired);
      expect(bench.changes[1]).toMatchObject({
        appliedRevisions: { host: 1, shared: 1 },
        engineChanged: false,
      });
      expect(bench.changes[1]?.ports).toHaveLength(3);
    });

    it('that throw do not keep the others from being told', async () => {
      use(new ReconcilerBench());
      const heard: ReconcilerChange[] = [];
      bench.reconciler.onChange(() => {
        throw new Error('listener out of order');
      });
      bench.reconciler.onChange((change) => heard.push(change));
      await bench.until('it is open', () => heard.length === 1);
      expect(bench.logger.errors).toHaveLength(1);
    });
  });

  describe('planNow', () => {
    it('tells what an audit finds, and applies nothing', async () => {
      const { desired, ports } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      bench.engine.drop(ruleOf(ports[0]), { silently: true });
      const calls = bench.driver.applied.length;
      expect(describePlan(await bench.reconciler.planNow())).toMatchObject([
        { verb: 'create', key: ruleOf(ports[0]), dropsTraffic: false },
      ]);
      expect(bench.driver.applied.length).toBe(calls);
    });

    it('fails with what the driver says, and works again', async () => {
      const { desired } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      jest.spyOn(bench.driver, 'observe').mockRejectedValueOnce(new Error('garbled answer'));
      await expect(bench.reconciler.planNow()).rejects.toThrow('garbled answer');
      expect((await bench.reconciler.planNow()).batches).toEqual([]);
    });

    it('is refused before the first desired state, while the engine is away, and after the end', async () => {
      use(new ReconcilerBench());
      await expect(bench.reconciler.planNow()).rejects.toThrow(NoDesiredStateError);
      await bench.reach(threeWiredPorts().desired);
      bench.engine.stop('killed');
      await bench.until('it is away', () => !bench.reconciler.snapshot().engineUp);
      await expect(bench.reconciler.planNow()).rejects.toThrow('killed');
      const waiting = bench.reconciler.planNow();
      await Promise.all([expect(waiting).rejects.toThrow(), bench.stop()]);
      await expect(bench.reconciler.planNow()).rejects.toThrow('the reconciler has stopped');
    });
  });

  it('ends when aborted, in the middle of a round too, and closes the driver', async () => {
    use(new ReconcilerBench(new SimulatedEngine({ latencyMs: 1000 })));
    const close = jest.spyOn(bench.driver, 'close');
    bench.set(threeWiredPorts().desired);
    await bench.settle();
    const before = performance.now();
    await bench.stop();
    expect(performance.now() - before).toBeLessThan(500);
    expect(close).toHaveBeenCalledTimes(1);
    expect(bench.logger.errors).toEqual([]);
  });

  it('ends well when the driver cannot be closed, and says so', async () => {
    use(new ReconcilerBench());
    jest.spyOn(bench.driver, 'close').mockRejectedValueOnce(new Error('stuck'));
    await bench.stop();
    expect(bench.logger.errors).toEqual(['the dataplane driver could not be closed']);
  });
});
