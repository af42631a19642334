/** Edits of what runs: every field converges in place, there and back. */
import type { HostDesired } from '@opendvs/dataplane';
import type { BroadcastSuppression, PortGroup } from '@opendvs/model';
import { describePlan } from '@opendvs/reconciler';
import { aSuppression, withEdit } from '../builders';
import type { DriverRig } from '../driver-rig';
import { allSupported, aSmallWorld } from './small-world';
import type { ContractBench } from './contract-bench';

export function describeChanging(on: ContractBench): void {
  describe('changes in place', () => {
    const suppression = (edit: (rig: DriverRig) => BroadcastSuppression) => ({
      of: 'access' as const,
      edit: (): Partial<PortGroup> => ({ broadcastSuppression: edit(on.rig) }),
    });
    it.each([
      ['another access VLAN', { of: 'access', edit: () => ({ vlan: { type: 'access', vlanId: 101 } }) }],
      ['an access VLAN to untagged', { of: 'access', edit: () => ({ vlan: { type: 'access', vlanId: 0 } }) }],
      [
        'access to trunk',
        {
          of: 'access',
          edit: () => ({
            vlan: { type: 'trunk', trunkVlans: [{ first: 300, last: 302 }], nativeVlanId: null },
          }),
        },
      ],
      ['trunk to access', { of: 'trunk', edit: () => ({ vlan: { type: 'access', vlanId: 4094 } }) }],
      [
        'the VLANs of a trunk',
        {
          of: 'trunk',
          edit: () => ({
            vlan: { type: 'trunk', trunkVlans: [{ first: 1, last: 4094 }], nativeVlanId: null },
          }),
        },
      ],
      ['a group administratively down', { of: 'access', edit: () => ({ adminStatus: 'down' }) }],
      ['a threshold', suppression((rig) => allSupported(rig, { unit: 'pps', rate: 2000 }))],
      ['the unit of a threshold', suppression((rig) => allSupported(rig, { unit: 'kbps', rate: 5 }))],
      [
        'thresholds to observe-only',
        suppression((rig) => ({ ...allSupported(rig, { unit: 'pps', rate: 1000 }), observeOnly: true })),
      ],
      [
        'one threshold of several taken away',
        suppression((rig) => ({ ...allSupported(rig, { unit: 'pps', rate: 1000 }), multicast: null })),
      ],
      ['no thresholds any more', suppression(() => aSuppression({}))],
      [
        'first thresholds',
        {
          of: 'trunk',
          edit: () => ({ broadcastSuppression: allSupported(on.rig, { unit: 'kbps', rate: 64 }) }),
        },
      ],
    ] as [string, { of: 'access' | 'trunk'; edit: () => Partial<PortGroup> }][])(
      '%s, and back',
      async (_title, { of, edit }) => {
        const world = aSmallWorld(on.rig);
        await on.rig.converge(world.desired);
        await expectInPlace(world.desired, withEdit(world.desired, 'portGroups', world[of].id, edit()));
      },
      on.testTimeoutMs,
    );

    on.case('the MTU of a switch, and back', async () => {
      const { desired, dvs } = aSmallWorld(on.rig);
      await on.rig.converge(desired);
      await expectInPlace(desired, withEdit(desired, 'switches', dvs.id, { mtuBytes: 1400 }));
    });

    on.case('a port moved to another group, and back', async () => {
      const { desired, ports, trunk } = aSmallWorld(on.rig);
      await on.rig.converge(desired);
      await expectInPlace(desired, withEdit(desired, 'ports', ports[0].id, { portGroupId: trunk.id }));
    });

    /** There and back, each by a plan that does something and drops no traffic. */
    const expectInPlace = async (before: HostDesired, after: HostDesired) => {
      for (const target of [after, before]) {
        const lines = describePlan(await on.rig.convergeAndCheck(target));
        expect(lines.length).toBeGreaterThan(0);
        expect(lines.filter(({ dropsTraffic }) => dropsTraffic)).toEqual([]);
      }
    };
  });
}
