/** Agents and engines that come and go, and people who meddle with the engine by hand. */
import { EngineUnavailableError } from '@opendvs/dataplane';
import { describePlan } from '@opendvs/reconciler';
import { aSmallWorld } from './small-world';
import type { ContractBench } from './contract-bench';

export function describeHealing(on: ContractBench): void {
  describe('heals', () => {
    on.case('finds everything in sync when a new agent opens the same engine', async () => {
      const { desired } = aSmallWorld(on.rig);
      await on.rig.converge(desired);
      await on.rig.restartDriver();
      await on.rig.expectInSync(desired);
    });

    it.each(on.tamperings)(
      '%s: an audit finds it, a plan repairs it',
      async (tampering) => {
        const { desired } = aSmallWorld(on.rig);
        await on.rig.converge(desired);
        await on.rig.harness.tamperings[tampering]!(desired);
        expect(describePlan(await on.rig.plan(desired))).not.toEqual([]);
        await on.rig.convergeAndCheck(desired);
      },
      on.testTimeoutMs,
    );

    on.caseNeeding(
      'stopEngine',
      'says when the engine goes and is back, refuses calls meanwhile, and replays everything',
      async () => {
        const { desired } = aSmallWorld(on.rig);
        await on.rig.converge(desired);
        await on.rig.harness.stopEngine();
        await on.rig.eventually('the driver says that the engine is lost', () =>
          on.rig.events.some(({ type }) => type === 'engine-lost'),
        );
        await expect(on.rig.observe()).rejects.toThrow(EngineUnavailableError);
        await expect(on.rig.driver.readPorts(on.rig.signal)).rejects.toThrow(EngineUnavailableError);
        on.rig.events.length = 0;
        await on.rig.harness.startEngine();
        await on.rig.eventually('the driver says that the engine is back', () =>
          on.rig.events.some(({ type }) => type === 'engine-restarted'),
        );
        await on.rig.convergeAndCheck(desired);
      },
    );
  });
}
