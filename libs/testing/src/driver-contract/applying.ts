/** Making, moving and deleting things in the engine. */
import { describePlan } from '@opendvs/reconciler';
import { aPort, aPortGroup, aSwitch, anUplinkGroup, withoutPort } from '../builders';
import { aSmallWorld } from './small-world';
import type { ContractBench } from './contract-bench';

export function describeApplying(on: ContractBench): void {
  describe('apply', () => {
    on.case('makes the world as rendered, and then finds nothing left to do', async () => {
      await on.rig.convergeAndCheck(aSmallWorld(on.rig).desired);
    });

    on.case('does no harm when the same steps are applied twice', async () => {
      const { desired } = aSmallWorld(on.rig);
      await on.rig.converge(on.rig.desired({}));
      const plan = await on.rig.converge(desired);
      expect((await on.rig.execute(plan)).failures).toEqual([]);
      await on.rig.expectInSync(desired);
    });

    on.case('keeps two switches apart, each with its uplink', async () => {
      const [left, right] = [aSwitch(), aSwitch({ mtuBytes: 2000 })];
      const groups = [aPortGroup(left), aPortGroup(right)] as const;
      const uplinks = {
        [left.id]: anUplinkGroup(on.rig.harness.nics.slice(0, 1)),
        [right.id]: anUplinkGroup(on.rig.harness.nics.slice(1, 2)),
      };
      const ports = groups.map((group) => aPort(group));
      await on.rig.convergeAndCheck(
        on.rig.desired({ switches: [left, right], portGroups: [...groups], ports, uplinks }),
      );
    });

    on.case('moves a NIC from one switch to another', async () => {
      const [left, right] = [aSwitch(), aSwitch()];
      const uplink = anUplinkGroup(on.rig.harness.nics.slice(0, 1));
      const before = on.rig.desired({ switches: [left, right], uplinks: { [left.id]: uplink } });
      const after = {
        ...before,
        host: {
          ...before.host,
          switches: [
            { switchId: left.id, uplinkGroup: null },
            { switchId: right.id, uplinkGroup: uplink },
          ],
        },
      };
      await on.rig.convergeAndCheck(before);
      await on.rig.convergeAndCheck(after);
    });

    on.case('bonds two NICs, and then gives one of them to another switch', async () => {
      const [left, right] = [aSwitch(), aSwitch()];
      const bond = anUplinkGroup(on.rig.harness.nics.slice(0, 2), { bondMode: 'balance-slb' });
      const bonded = on.rig.desired({ switches: [left, right], uplinks: { [left.id]: bond } });
      await on.rig.convergeAndCheck(bonded);
      const single = { ...bond, members: bond.members.slice(0, 1) };
      const other = anUplinkGroup(bond.members.slice(1));
      const switches = [
        { switchId: left.id, uplinkGroup: single },
        { switchId: right.id, uplinkGroup: other },
      ];
      await on.rig.convergeAndCheck({ ...bonded, host: { ...bonded.host, switches } });
    });

    on.case('deletes a port with all that is its own, and nothing else', async () => {
      const { desired, ports } = aSmallWorld(on.rig);
      await on.rig.converge(desired);
      const plan = await on.rig.convergeAndCheck(withoutPort(desired, ports[0].id));
      const own = on.rig.driver.render(desired).filter(({ owner }) => owner.id === ports[0].id);
      expect(
        describePlan(plan)
          .map(({ verb, key }) => `${verb} ${key}`)
          .sort(),
      ).toEqual(own.map(({ key }) => `delete ${key}`).sort());
    });

    on.case('leaves nothing of ours when the host is in no switch any more', async () => {
      await on.rig.converge(aSmallWorld(on.rig).desired);
      await on.rig.converge(on.rig.desired({}));
      expect(await on.rig.observe()).toEqual([]);
    });

    on.case('reports a step that fails as data, with what and where', async () => {
      await on.rig.converge(on.rig.desired({}));
      const orphan = on.rig.driver
        .render(aSmallWorld(on.rig).desired)
        .find(({ dependsOn }) => dependsOn.length > 0)!;
      const results = await on.rig.driver.apply(
        [{ verb: 'create', key: orphan.key, to: orphan }],
        on.rig.signal,
      );
      expect(results).toEqual([
        { key: orphan.key, ok: false, error: expect.stringMatching(/\S+ \S+/) as string },
      ]);
      expect(await on.rig.observe()).toEqual([]);
    });

    on.case('fails only the uplink when its NIC is not there, naming it', async () => {
      const dvs = aSwitch();
      const group = aPortGroup(dvs);
      const uplink = anUplinkGroup([on.rig.harness.missingNic]);
      const desired = on.rig.desired({
        switches: [dvs],
        portGroups: [group],
        ports: [aPort(group)],
        uplinks: { [dvs.id]: uplink },
      });
      const plan = await on.rig.plan(desired);
      const { failures, applied } = await on.rig.execute(plan);
      const failed = failures.filter(({ kind }) => kind === 'failed');
      expect(failed.map(({ planned }) => planned.owner)).toEqual([{ kind: 'uplink-group', id: uplink.id }]);
      expect(failed[0]?.error).toContain(Object.values(on.rig.harness.missingNic)[0]);
      expect(applied.some(({ owner }) => owner?.kind === 'port')).toBe(true);
      await on.rig.convergeAndCheck({
        ...desired,
        host: { ...desired.host, switches: [{ switchId: dvs.id, uplinkGroup: null }] },
      });
    });

    on.case('rejects a call whose signal is aborted, and works on afterwards', async () => {
      const { desired } = aSmallWorld(on.rig);
      const aborted = AbortSignal.abort();
      await expect(on.rig.driver.observe({ audit: true }, aborted)).rejects.toThrow();
      await expect(on.rig.driver.apply([], aborted)).rejects.toThrow();
      await on.rig.convergeAndCheck(desired);
    });
  });
}
