import { aHostDesired, aPort, aPortGroup, aSuppression, aSwitch, withEdit } from '@opendvs/testing';
import type { HostDesired } from '@opendvs/dataplane';
import { OvsRenderer } from './render';

function aWorld(): HostDesired {
  const dvs = aSwitch();
  const groups = [aPortGroup(dvs), aPortGroup(dvs, { vlan: { type: 'access', vlanId: 200 } })] as const;
  return aHostDesired({
    switches: [dvs],
    portGroups: [...groups],
    ports: groups.map((group) => aPort(group)),
  });
}

describe('OvsRenderer', () => {
  it('gives the very same objects again for what has not changed', () => {
    const renderer = new OvsRenderer();
    const world = aWorld();
    const first = renderer.render(world);
    const edited = withEdit(world, 'portGroups', world.portGroups[0]!.id, {
      vlan: { type: 'access', vlanId: 7 },
    });
    const again = renderer.render(edited);
    const untouched = (object: (typeof first)[number]) => object.owner.id !== world.ports[0]!.id;
    expect(again.filter(untouched)).toHaveLength(first.filter(untouched).length);
    for (const object of again.filter(untouched)) expect(first).toContain(object);
  });

  it('keeps the flows of a port whose group changes its VLAN or a rate only', () => {
    const renderer = new OvsRenderer();
    const world = aWorld();
    const { id } = world.portGroups[0]!;
    const flowsIn = (desired: HostDesired) =>
      renderer.render(desired).find(({ kind, owner }) => kind === 'flows' && owner.id === world.ports[0]!.id)!
        .spec;
    const limited = (rate: number) => ({
      broadcastSuppression: aSuppression({ multicast: { unit: 'pps', rate } }),
    });
    const before = flowsIn(withEdit(world, 'portGroups', id, limited(10)));
    expect(
      flowsIn(withEdit(world, 'portGroups', id, { ...limited(20), vlan: { type: 'access', vlanId: 9 } })),
    ).toBe(before);
    expect(flowsIn(withEdit(world, 'portGroups', id, { ...limited(20), adminStatus: 'down' }))).not.toEqual(
      before,
    );
  });

  it('gives what a renderer without memory gives, after any number of edits', () => {
    const renderer = new OvsRenderer();
    let world = aWorld();
    for (const vlanId of [0, 5, 4094]) {
      world = withEdit(world, 'portGroups', world.portGroups[1]!.id, {
        vlan: { type: 'access', vlanId },
        broadcastSuppression: aSuppression({ arpBroadcast: vlanId === 5 ? { unit: 'pps', rate: 1 } : null }),
      });
      expect(renderer.render(world)).toEqual(new OvsRenderer().render(world));
    }
  });

  it('renders a port again when its host moves the sockets or its switch changes the MTU', () => {
    const renderer = new OvsRenderer();
    const world = aWorld();
    renderer.render(world);
    const moved = { ...world, host: { ...world.host, vhostSocketDir: '/run/elsewhere' } };
    expect(JSON.stringify(renderer.render(moved))).toContain('/run/elsewhere/');
    const jumbo = withEdit(world, 'switches', world.switches[0]!.id, { mtuBytes: 9000 });
    expect(JSON.stringify(renderer.render(jumbo))).toContain('"mtuRequest":9000');
  });
});
