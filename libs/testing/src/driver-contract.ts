/**
 * The contract of libs/dataplane as one suite: what every driver must do on its engine before a reconciler may rely on it.
 * A driver's own specs cover what is peculiar to its engine.
 */
import { describeApplying } from './driver-contract/applying';
import { describeChanging } from './driver-contract/changing';
import { ContractBench } from './driver-contract/contract-bench';
import { describeDescribing } from './driver-contract/describing';
import { describeHealing } from './driver-contract/healing';
import { describePortTelling } from './driver-contract/port-telling';
import type { DriverContractOptions, DriverHarness } from './driver-harness';

const SET_UP_TIMEOUT_MS = 120_000;

/** @param start makes the rig once; the cases share it, one after another, and each brings the engine to its own world first. */
export function describeDriverContract(
  name: string,
  start: () => Promise<DriverHarness>,
  options: DriverContractOptions,
): void {
  const bench = new ContractBench(name, options);

  describe(`driver contract: ${name}`, () => {
    beforeAll(() => bench.setUp(start), SET_UP_TIMEOUT_MS);
    afterAll(() => bench.tearDown(), SET_UP_TIMEOUT_MS);
    afterEach(async () => {
      expect(await bench.rig.harness.damagedForeignObjects()).toEqual([]);
    });

    describeDescribing(bench);
    describeApplying(bench);
    describeChanging(bench);
    describeHealing(bench);
    describePortTelling(bench);
  });
}
