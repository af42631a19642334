import { SIMULATED_CAPABILITIES, SimulatedEngine } from '@opendvs/driver-sim';
import {
  anUplinkGroup,
  aSuppression,
  keyOf,
  ReconcilerBench,
  threeWiredPorts,
  BENCH_AUDIT_INTERVAL_MS,
  withEdit,
  withoutPort,
} from '@opendvs/testing';

describe('Reconciler, when something fails', () => {
  let bench: ReconcilerBench;
  const use = (made: ReconcilerBench) => (bench = made.start());
  afterEach(() => bench.stop());

  describe('failures', () => {
    it('keeps a failing port from holding up the others, and says why at that port', async () => {
      const { desired, ports } = threeWiredPorts();
      use(new ReconcilerBench());
      bench.engine.failApply(keyOf(ports[1]), 'no memory for it', Infinity);
      await bench.reach(desired);
      expect(bench.states(desired)).toEqual(['wired', 'error', 'wired']);
      expect(bench.status(ports[1].id)).toMatchObject({ reason: 'no memory for it', appliedRevision: 0 });
      expect(bench.status(ports[0].id)?.appliedRevision).toBe(1);
      expect(bench.reconciler.snapshot().appliedRevisions).toEqual({ host: 1, shared: 1 });
      expect(bench.reconciler.snapshot().problems).toEqual([]);
    });

    it('tries again after growing pauses until it succeeds, and keeps since when it failed', async () => {
      const { desired, ports } = threeWiredPorts();
      use(new ReconcilerBench());
      bench.engine.failApply(keyOf(ports[0]), 'no memory for it', 3);
      await bench.reach(desired);
      const failedSince = bench.status(ports[0].id)?.since;
      const tries = () => bench.driver.applied.flat().filter(({ key }) => key === keyOf(ports[0])).length;
      await bench.until(
        'what failed is audited at once',
        () => bench.reconciler.snapshot().totals.audits === 2,
      );
      expect(tries()).toBe(1);
      await bench.passTimeUntil('second try', () => tries() === 2, 300);
      expect(bench.status(ports[0].id)).toMatchObject({ state: 'error', since: failedSince });
      const third = await bench.passTimeUntil('third try', () => tries() === 3, 1000);
      const fourth = await bench.passTimeUntil('fourth try', () => tries() === 4, 2000);
      expect(third).toBeGreaterThanOrEqual(450);
      expect(fourth).toBeGreaterThan(third);
      expect(bench.states(desired)).toEqual(['wired', 'wired', 'wired']);
      expect(bench.logger.warnings.filter((line) => line.includes(keyOf(ports[0])))).toHaveLength(1);
    });

    it('keeps since when a port is in error when the reason changes', async () => {
      const { desired, ports, group } = threeWiredPorts();
      use(new ReconcilerBench());
      bench.engine.failApply(keyOf(ports[0]), 'no memory for it', 1);
      await bench.reach(desired);
      const { since } = bench.status(ports[0].id)!;
      bench.clock.advance(100);
      bench.engine.failApply(keyOf(ports[0]), 'no queue for it', 1);
      await bench.reach(withEdit(desired, 'portGroups', group.id, { vlan: { type: 'access', vlanId: 7 } }));
      expect(bench.status(ports[0].id)).toMatchObject({ state: 'error', reason: 'no queue for it', since });
    });

    it('applies a new state of the failed object at once, and other edits without trying it', async () => {
      const { desired, dvs, group, ports } = threeWiredPorts();
      use(new ReconcilerBench());
      bench.engine.failApply(keyOf(ports[0]), 'no memory for it', 1);
      await bench.reach(desired);
      const edited = withEdit(desired, 'ports', ports[1].id, { name: 'another name' });
      await bench.reach(edited);
      expect(bench.states(desired)).toEqual(['error', 'wired', 'wired']);
      await bench.reach(withEdit(edited, 'portGroups', group.id, { vlan: { type: 'access', vlanId: 7 } }));
      expect(bench.states(desired)).toEqual(['wired', 'wired', 'wired']);
      expect(dvs.id).toBe(group.switchId);
    });

    it('reports what belongs to no port among the problems, and at the ports that wait for it', async () => {
      const { desired, dvs } = threeWiredPorts();
      const uplink = anUplinkGroup([{ kernelName: 'missing0' }]);
      const host = { ...desired.host, switches: [{ switchId: dvs.id, uplinkGroup: uplink }] };
      use(new ReconcilerBench());
      await bench.reach({ ...desired, host });
      expect(bench.states(desired)).toEqual(['wired', 'wired', 'wired']);
      expect(bench.reconciler.snapshot().problems).toEqual([
        {
          owner: { kind: 'uplink-group', id: uplink.id },
          message: 'this host has no NIC missing0; it has sim0',
        },
      ]);

      await bench.reach(desired);
      expect(bench.reconciler.snapshot().problems).toEqual([]);
    });

    it('names the bridge at the ports that cannot be made without it', async () => {
      const { desired } = threeWiredPorts();
      use(new ReconcilerBench());
      const bridge = bench.driver.render(desired).find(({ kind }) => kind === 'bridge')!;
      bench.engine.failApply(bridge.key, 'no bridges today', Infinity);
      await bench.reach(desired);
      expect(bench.states(desired)).toEqual(['error', 'error', 'error']);
      expect(bench.status(desired.ports[0]!.id)?.reason).toBe(`waits for ${bridge.key}: no bridges today`);
      expect(bench.driver.applied.flat().map(({ key }) => key)).toEqual([bridge.key]);
    });

    it('takes a driver that throws for one that fails, and goes on', async () => {
      const { desired } = threeWiredPorts();
      use(new ReconcilerBench());
      const apply = jest.spyOn(bench.driver, 'apply').mockRejectedValueOnce(new Error('out of order'));
      await bench.reach(desired);
      expect(bench.status(desired.ports[0]!.id)?.reason).toMatch(/out of order$/);
      await bench.passTimeUntil(
        'all are wired',
        () => bench.states(desired).every((state) => state === 'wired'),
        1000,
      );
      apply.mockRestore();
    });

    it('says that rounds cannot be finished when observing fails, and recovers', async () => {
      const { desired } = threeWiredPorts();
      use(new ReconcilerBench());
      jest.spyOn(bench.driver, 'observe').mockRejectedValueOnce(new Error('garbled answer'));
      bench.set(desired);
      await bench.until(
        'it says so',
        () => bench.reconciler.snapshot().engineReason?.includes('garbled answer') ?? false,
      );
      expect(bench.reconciler.snapshot()).toMatchObject({ engineUp: true, appliedRevisions: { host: 0 } });
      await bench.passTimeUntil(
        'the round is done',
        () => bench.reconciler.snapshot().appliedRevisions.host === 1,
        1000,
      );
      expect(bench.reconciler.snapshot().engineReason).toBeNull();
    });

    it('waits between rounds that cannot be finished, longer each time, until one is', async () => {
      const { desired } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      const failNextRounds = (times: number) => {
        const observe = jest.spyOn(bench.driver, 'observe');
        for (let i = 0; i < times; i++) observe.mockRejectedValueOnce(new Error('garbled answer'));
      };
      const failsFor = async (waitMs: number) => {
        await bench.until(`the next round is in ${waitMs} ms`, () => bench.clock.nextTimerInMs() === waitMs);
        bench.clock.advance(waitMs);
      };
      failNextRounds(2);
      bench.clock.advance(BENCH_AUDIT_INTERVAL_MS);
      await failsFor(250);
      await failsFor(500);
      await bench.until('a round is done', () => bench.reconciler.snapshot().engineReason === null);
      failNextRounds(1);
      bench.clock.advance(BENCH_AUDIT_INTERVAL_MS);
      await failsFor(250);
    });

    it('reports what is left of a deleted port among the problems', async () => {
      const { desired, ports } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      bench.engine.failApply(keyOf(ports[0]), 'busy', 1);
      await bench.reach(withoutPort(desired, ports[0].id));
      expect(bench.reconciler.snapshot().problems).toEqual([
        { owner: { kind: 'port', id: ports[0].id }, message: 'busy' },
      ]);
      await bench.passTimeUntil('it is gone', () => !bench.has(keyOf(ports[0])), 500);
      expect(bench.reconciler.snapshot().problems).toEqual([]);
    });
  });

  describe('invalid edits', () => {
    const lacking = {
      ...SIMULATED_CAPABILITIES,
      suppressionKinds: ['multicast' as const],
      unsupported: { unknownUnicast: 'not in this engine' },
    };

    it('never tear down a running port: it keeps what it has, and says what is wrong', async () => {
      const { desired, group, ports } = threeWiredPorts();
      use(new ReconcilerBench(new SimulatedEngine(), lacking));
      await bench.reach(desired);
      const before = bench.engine.inspect();
      await bench.reach(
        withEdit(desired, 'portGroups', group.id, {
          vlan: { type: 'access', vlanId: 300 },
          broadcastSuppression: aSuppression({ unknownUnicast: { unit: 'pps', rate: 10 } }),
        }),
      );
      expect(bench.engine.inspect()).toEqual(before);
      expect(bench.states(desired)).toEqual(['error', 'error', 'error']);
      expect(bench.status(ports[0].id)).toMatchObject({
        reason: expect.stringContaining('not in this engine') as string,
        appliedRevision: 1,
      });

      await bench.reach(desired);
      expect(bench.states(desired)).toEqual(['wired', 'wired', 'wired']);
    });
  });
});
