/** What the driver tells of ports: their links and their counters. */
import { aSmallWorld } from './small-world';
import type { ContractBench } from './contract-bench';

export function describePortTelling(on: ContractBench): void {
  describe('tells of ports', () => {
    on.case('lists every port of ours, without a VM at first', async () => {
      const { desired, ports } = aSmallWorld(on.rig);
      await on.rig.converge(desired);
      await on.rig.eventually('all three ports are there', async () => {
        const live = await on.rig.driver.readPorts(on.rig.signal);
        expect(live.map(({ portId, link, reason }) => ({ portId, link, reason })).sort(byPort)).toEqual(
          ports.map(({ id }) => ({ portId: id, link: 'no-peer', reason: null })).sort(byPort),
        );
        return true;
      });
    });

    on.caseNeeding('connectVm', 'follows a VM that connects and goes', async () => {
      const { desired, ports } = aSmallWorld(on.rig);
      await on.rig.converge(desired);
      const linkOf = async () =>
        (await on.rig.driver.readPorts(on.rig.signal)).find(({ portId }) => portId === ports[0].id);
      await on.rig.harness.connectVm(ports[0].id);
      await on.rig.eventually('the port is connected', async () => (await linkOf())?.link === 'connected');
      await on.rig.eventually('an event has told so', () => toldOf(ports[0].id));
      expect((await linkOf())?.vhostConnects).toBe(1);
      on.rig.events.length = 0;
      await on.rig.harness.disconnectVm(ports[0].id);
      await on.rig.eventually(
        'the port is disconnected',
        async () => (await linkOf())?.link === 'disconnected',
      );
      await on.rig.eventually('an event has told so', () => toldOf(ports[0].id));
    });

    on.case('counts for every port, never backwards within an epoch', async () => {
      const { desired, ports } = aSmallWorld(on.rig);
      await on.rig.converge(desired);
      const first = await countersOf(ports.map(({ id }) => id));
      const second = await countersOf(ports.map(({ id }) => id));
      for (const [i, before] of first.entries()) {
        const after = second[i]!;
        expect(before.epoch).toMatch(/\S/);
        if (after.epoch !== before.epoch) continue;
        for (const [name, value] of Object.entries(before)) {
          if (typeof value === 'number') expect(after[name as 'rxPackets']).toBeGreaterThanOrEqual(value);
        }
      }
    });

    on.case('counts suppression for exactly the kinds that have a threshold', async () => {
      const { desired, ports } = aSmallWorld(on.rig);
      await on.rig.converge(desired);
      const [limited, , free] = await countersOf(ports.map(({ id }) => id));
      expect(Object.keys(limited!.suppressed).sort()).toEqual(
        [...on.rig.description.capabilities.suppressionKinds].sort(),
      );
      expect(free!.suppressed).toEqual({});
    });

    const toldOf = (portId: string) =>
      on.rig.events.some((event) => event.type === 'ports-changed' && event.portIds.includes(portId));

    /** In the order of `portIds`, once the engine counts for all of them; every number is a count. */
    const countersOf = (portIds: string[]) =>
      on.rig.eventually('there are counters of every port', async () => {
        const all = await on.rig.driver.readCounters(on.rig.signal);
        expect(all.map(({ portId }) => portId).sort()).toEqual([...portIds].sort());
        const counts = all.flatMap((one) => Object.values(one).filter((value) => typeof value === 'number'));
        expect(counts.filter((value) => !Number.isFinite(value) || value < 0)).toEqual([]);
        return portIds.map((id) => all.find(({ portId }) => portId === id)!);
      });
  });
}

function byPort(a: { portId: string }, b: { portId: string }): number {
  return a.portId < b.portId ? -1 : 1;
}
