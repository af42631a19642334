import { EngineUnavailableError } from '@opendvs/dataplane';
import { SimulatedEngine } from '@opendvs/driver-sim';
import {
  aPort,
  keyOf,
  ruleOf,
  ReconcilerBench,
  threeWiredPorts,
  withEdit,
  withoutPort,
  BENCH_AUDIT_INTERVAL_MS,
} from '@opendvs/testing';

describe('Reconciler, over time', () => {
  let bench: ReconcilerBench;
  const use = (made: ReconcilerBench) => (bench = made.start());
  afterEach(() => bench.stop());

  describe('healing', () => {
    it('repairs a deleted object after a drift event, without waiting for an audit', async () => {
      const { desired, ports } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      bench.engine.drop(keyOf(ports[0]));
      await bench.until('it is there again, with its rule', () => bench.has(ruleOf(ports[0])));
      expect(bench.clock.monotonicMs()).toBe(0);
      expect(bench.reconciler.snapshot().totals.repairs).toBe(3);
      expect(bench.logger.warnings).toEqual(['somebody else has changed the engine: repaired by 3 steps']);
    });

    it('finds what no event told of by the next audit', async () => {
      const { desired, ports } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      bench.engine.drop(ruleOf(ports[0]), { silently: true });
      await bench.passTime(BENCH_AUDIT_INTERVAL_MS - 100);
      expect(bench.has(ruleOf(ports[0]))).toBe(false);
      await bench.passTimeUntil('it is there again', () => bench.has(ruleOf(ports[0])), 200);
    });

    it('replays everything after a restart of the engine, and says meanwhile that it is away', async () => {
      const { desired } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      const before = bench.keys().sort();
      bench.engine.stop('killed');
      await bench.until('it is away', () => !bench.reconciler.snapshot().engineUp);
      expect(bench.reconciler.snapshot().engineReason).toBe('killed');
      expect(bench.status(desired.ports[0]!.id)).toMatchObject({
        state: 'error',
        reason: 'the engine is away: killed',
        appliedRevision: 1,
      });
      bench.engine.start({ empty: true });
      await bench.until('all is there again', () =>
        bench.states(desired).every((state) => state === 'wired'),
      );
      expect(bench.keys().sort()).toEqual(before);
      expect(bench.reconciler.snapshot()).toMatchObject({ engineUp: true, engineReason: null });
      expect(bench.reconciler.snapshot().totals.repairs).toBe(0);
    });

    it('calls nothing while the engine is away, and then applies what was edited meanwhile', async () => {
      const { desired, ports, group } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      bench.engine.stop('killed');
      await bench.until('it is away', () => !bench.reconciler.snapshot().engineUp);
      expect(bench.clock.nextTimerInMs()).toBe(3000);
      await bench.passTime(3100);
      expect(bench.reconciler.snapshot().engineReason).toBe('killed');
      bench.driver.observations.length = 0;
      const calls = bench.driver.observations.length + bench.driver.applied.length;
      const added = { ...aPort(group), hostId: desired.host.id };
      const edited = { ...withoutPort(desired, ports[0].id), ports: [...desired.ports.slice(1), added] };
      bench.set(edited);
      await bench.until('the new port has a status', () => bench.status(added.id)?.state === 'error');
      expect(bench.driver.observations.length + bench.driver.applied.length).toBe(calls);
      expect(bench.reconciler.snapshot().appliedRevisions.host).toBe(1);
      bench.engine.start();
      await bench.until('the edit is applied', () => bench.reconciler.snapshot().appliedRevisions.host === 2);
      expect([bench.has(keyOf(ports[0])), bench.has(keyOf(added))]).toEqual([false, true]);
    });

    it('survives an engine that goes in the middle of a round', async () => {
      const { desired } = threeWiredPorts();
      use(new ReconcilerBench(new SimulatedEngine({ latencyMs: 5 })));
      bench.set(desired);
      await bench.until('a round is on its way', () => bench.driver.applied.length > 0);
      bench.engine.stop('killed');
      await bench.until('it is away', () => !bench.reconciler.snapshot().engineUp);
      expect(bench.reconciler.snapshot().appliedRevisions.host).toBe(0);
      bench.engine.start({ empty: true });
      await bench.until('all is there', () => bench.states(desired).every((state) => state === 'wired'));
    });

    it('takes nothing for applied when the engine has gone in the middle of the round, though every call succeeded', async () => {
      const { desired } = threeWiredPorts();
      use(new ReconcilerBench());
      const readPorts = bench.driver.readPorts.bind(bench.driver);
      jest.spyOn(bench.driver, 'readPorts').mockImplementationOnce(async (signal) => {
        const ports = await readPorts(signal);
        bench.engine.stop('killed');
        await bench.settle();
        return ports;
      });
      bench.set(desired);
      await bench.until('it is away', () => bench.reconciler.snapshot().engineReason === 'killed');
      expect(bench.reconciler.snapshot()).toMatchObject({
        engineUp: false,
        appliedRevisions: { host: 0, shared: 0 },
      });
      bench.engine.start();
      await bench.until('it is applied', () => bench.reconciler.snapshot().appliedRevisions.host === 1);
    });

    it('does not wait for an engine that is back already when a rejection from before arrives', async () => {
      const { desired, ports } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      jest.spyOn(bench.driver, 'observe').mockImplementationOnce(async () => {
        bench.engine.stop('killed');
        bench.engine.start();
        await bench.settle();
        throw new EngineUnavailableError('killed');
      });
      await bench.reach(withoutPort(desired, ports[0].id));
      expect(bench.clock.monotonicMs()).toBe(0);
      expect(bench.reconciler.snapshot().engineUp).toBe(true);
    });

    it('says of no port that it is connected before it has asked the engine that came back', async () => {
      const { desired, ports } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      bench.engine.connectVm(ports[0].id);
      await bench.until('it is connected', () => bench.status(ports[0].id)?.state === 'connected');
      jest.spyOn(bench.driver, 'observe').mockRejectedValueOnce(new Error('garbled answer'));
      bench.engine.stop('killed');
      bench.engine.start();
      await bench.until('the round has failed', () => bench.reconciler.snapshot().engineReason !== null);
      expect(bench.states(desired)).toEqual(['pending', 'pending', 'pending']);
      await bench.passTimeUntil(
        'it is connected',
        () => bench.status(ports[0].id)?.state === 'connected',
        300,
      );
    });

    it('tries what failed before the engine restarted again at once', async () => {
      const { desired, ports } = threeWiredPorts();
      use(new ReconcilerBench());
      bench.engine.failApply(keyOf(ports[0]), 'no memory for it', 1);
      await bench.reach(desired);
      expect(bench.status(ports[0].id)?.state).toBe('error');
      bench.engine.stop();
      bench.engine.start();
      await bench.until('it is wired', () => bench.status(ports[0].id)?.state === 'wired');
      expect(bench.clock.monotonicMs()).toBe(0);
    });

    it('looks itself whether the engine is back when its driver never says so', async () => {
      const { desired } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      bench.engine.stop('killed');
      await bench.until('it is away', () => !bench.reconciler.snapshot().engineUp);
      bench.engine.start({ silently: true });
      await bench.passTimeUntil('it is up', () => bench.reconciler.snapshot().engineUp, 3100);
    });

    it('waits for an engine that is not there at the start', async () => {
      const { desired } = threeWiredPorts();
      const engine = new SimulatedEngine();
      engine.stop('not started');
      use(new ReconcilerBench(engine));
      bench.set(desired);
      await bench.until('the ports say so', () => bench.states(desired).every((state) => state === 'error'));
      expect(bench.reconciler.snapshot()).toMatchObject({
        description: null,
        engineUp: false,
        engineReason: 'not started',
      });
      engine.start();
      await bench.passTimeUntil(
        'all are wired',
        () => bench.states(desired).every((state) => state === 'wired'),
        1100,
      );
      expect(bench.reconciler.snapshot().description?.engine).toBe('sim');
    });

    it('audits at most a twentieth of the time by routine, however long an audit takes', async () => {
      const { desired } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      const observe = bench.driver.observe.bind(bench.driver);
      jest.spyOn(bench.driver, 'observe').mockImplementation((options, signal) => {
        if (options.audit) bench.clock.advance(400);
        return observe(options, signal);
      });
      const before = bench.reconciler.snapshot().totals.audits;
      await bench.passTime(40_000);
      const audits = bench.reconciler.snapshot().totals.audits - before;
      expect(audits * 400).toBeLessThanOrEqual(0.06 * bench.clock.monotonicMs());
      expect(audits).toBeGreaterThanOrEqual(4);
    });
  });

  describe('port states', () => {
    it('follow the VM: wired, connected, down, connected', async () => {
      const { desired, ports } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      const [port] = ports;
      expect(bench.status(port.id)).toMatchObject({
        state: 'wired',
        reason: null,
        since: '2030-01-01T00:00:00.000Z',
      });
      const calls = bench.driver.applied.length;
      bench.clock.advance(1000);
      bench.engine.connectVm(port.id);
      await bench.until('it is connected', () => bench.status(port.id)?.state === 'connected');
      expect(bench.status(port.id)?.since).toBe('2030-01-01T00:00:01.000Z');
      bench.engine.disconnectVm(port.id);
      await bench.until('it is down', () => bench.status(port.id)?.state === 'down');
      expect(bench.status(port.id)?.reason).toMatch(/VM has closed/);
      bench.engine.connectVm(port.id);
      await bench.until('it is connected', () => bench.status(port.id)?.state === 'connected');
      expect(bench.driver.applied.length).toBe(calls);
      expect(bench.changes.slice(-3).map(({ ports: told }) => told.map(({ portId }) => portId))).toEqual([
        [port.id],
        [port.id],
        [port.id],
      ]);
    });

    it('are down, with the group as the reason, while the group is administratively down', async () => {
      const { desired, group } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(withEdit(desired, 'portGroups', group.id, { adminStatus: 'down' }));
      expect(bench.status(desired.ports[0]!.id)).toMatchObject({
        state: 'down',
        reason: `port group "${group.name}" is administratively down`,
        appliedRevision: 1,
      });
    });

    it("are error with the engine's words when the engine does not work the port", async () => {
      const { desired, ports } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      bench.engine.setPortFault(ports[0].id, 'no memory pool: reserve hugepages');
      await bench.until('it is in error', () => bench.status(ports[0].id)?.state === 'error');
      expect(bench.status(ports[0].id)?.reason).toBe('no memory pool: reserve hugepages');
      bench.engine.setPortFault(ports[0].id, null);
      await bench.until('it is wired', () => bench.status(ports[0].id)?.state === 'wired');
    });

    it('carry the revision of the port that is applied', async () => {
      const { desired, ports } = threeWiredPorts();
      use(new ReconcilerBench());
      await bench.reach(desired);
      await bench.reach(withEdit(desired, 'ports', ports[0].id, { name: 'renamed' }));
      expect(bench.status(ports[0].id)?.appliedRevision).toBe(2);
      expect(bench.changes.at(-1)?.ports.map(({ portId }) => portId)).toEqual([ports[0].id]);
    });
  });
});
