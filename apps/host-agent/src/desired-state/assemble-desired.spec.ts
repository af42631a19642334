import fc from 'fast-check';
import { desiredKeys, type DesiredEntry } from '@opendvs/contracts';
import { anId, FakeManager } from '@opendvs/testing';
import { assembleDesired, type Assembly, type DesiredEntries } from './assemble-desired';

/** Two switches, of which the host takes part in one; three groups, one unused; two ports. */
async function aWorld() {
  const manager = new FakeManager();
  const mine = await manager.putSwitch();
  const elsewhere = await manager.putSwitch();
  const group = await manager.putPortGroup(mine);
  const unused = await manager.putPortGroup(mine);
  await manager.putPortGroup(elsewhere);
  const host = await manager.putHost([mine]);
  const ports = [await manager.putPort(group), await manager.putPort(group)] as const;
  await manager.putMeta();
  return { manager, mine, elsewhere, group, unused, host, ports };
}

function entriesOf(entries: Iterable<[string, DesiredEntry]>): DesiredEntries {
  const all = [...entries];
  return {
    shared: new Map(all.filter(([key]) => key.startsWith('shared.'))),
    host: new Map(all.filter(([key]) => key.startsWith('host.'))),
  };
}

const assemble = (manager: FakeManager): Assembly =>
  assembleDesired(manager.hostId, entriesOf(manager.entries));

describe('assembling the desired state of a host', () => {
  it('takes in the switches of the host and the port groups of its ports, and nothing else', async () => {
    const { manager, mine, group, host, ports } = await aWorld();
    const assembly = assemble(manager);
    if (!assembly.complete) throw new Error(assembly.reason);
    expect(assembly.state.desired).toEqual({
      host,
      switches: [mine],
      portGroups: [group],
      ports: [...ports].sort((a, b) => a.number - b.number),
    });
    expect([...assembly.state.entries.keys()].sort()).toEqual(
      [
        desiredKeys.meta,
        desiredKeys.host(host.id),
        desiredKeys.switch(mine.id),
        desiredKeys.portGroup(group.id),
        ...ports.map(({ id }) => desiredKeys.port(host.id, id)),
      ].sort(),
    );
  });

  it('leaves out what has a tombstone', async () => {
    const { manager, host, ports } = await aWorld();
    await manager.delete(desiredKeys.port(host.id, ports[0].id));
    const assembly = assemble(manager);
    expect(assembly.complete && assembly.state.desired.ports).toEqual([ports[1]]);
  });

  it.each<[string, (world: Awaited<ReturnType<typeof aWorld>>) => string, string, RegExp]>([
    ['the record of the store', () => desiredKeys.meta, 'absent', /manager has not filled it yet/],
    [
      'the host',
      ({ host }) => desiredKeys.host(host.id),
      'absent',
      /create the host with this id in the manager/,
    ],
    [
      'a switch of the host',
      ({ mine }) => desiredKeys.switch(mine.id),
      'unresolved',
      /host \S+ refers to switch/,
    ],
    [
      'the group of a port',
      ({ group }) => desiredKeys.portGroup(group.id),
      'unresolved',
      /port \S+ refers to port group/,
    ],
  ])('is incomplete without %s, whether absent or deleted', async (_what, keyOf, kind, reason) => {
    const world = await aWorld();
    const key = keyOf(world);
    const incomplete = { complete: false, kind, reason: expect.stringMatching(reason) as string };
    await world.manager.delete(key);
    expect(assemble(world.manager)).toEqual(incomplete);
    world.manager.entries.delete(key);
    expect(assemble(world.manager)).toEqual(incomplete);
  });

  it("is incomplete while a port is on a switch that the host isn't in, or not on its group's", async () => {
    const { manager, mine, elsewhere, group } = await aWorld();
    const stranger = await manager.putPort({ id: group.id, switchId: elsewhere.id });
    expect(assemble(manager)).toMatchObject({
      complete: false,
      reason: expect.stringContaining(stranger.id) as string,
    });
    await manager.delete(desiredKeys.port(manager.hostId, stranger.id));
    const far = await manager.putPortGroup(elsewhere);
    await manager.putPort(far);
    expect(assemble(manager)).toMatchObject({
      complete: false,
      reason: expect.stringMatching(/doesn't take part in/) as string,
    });
    expect(mine.id).not.toBe(elsewhere.id);
  });

  it('is incomplete while two ports have the same number, as they would share flows', async () => {
    const { manager, group, ports } = await aWorld();
    await manager.putPort(group, { number: ports[0].number });
    expect(assemble(manager)).toMatchObject({
      complete: false,
      reason: expect.stringMatching(/same number/) as string,
    });
  });

  it('does not depend on the order of the entries', async () => {
    const { manager, group } = await aWorld();
    for (let i = 0; i < 5; i++) await manager.putPort(group);
    const expected = assemble(manager);
    const all = [...manager.entries];
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
        expect(assembleDesired(manager.hostId, entriesOf(shuffled))).toEqual({
          ...expected,
          state: expected.complete && { ...expected.state, entries: expect.any(Map) as unknown },
        });
      }),
    );
  });

  it('never takes a half-filled bucket for a complete one', async () => {
    const { manager } = await aWorld();
    const fill = manager.fillOrder();
    const whole = assemble(manager);
    fc.assert(
      fc.property(fc.nat(fill.length), (length) => {
        const part = assembleDesired(manager.hostId, entriesOf(fill.slice(0, length)));
        expect(part.complete).toBe(false);
      }),
    );
    const filled = entriesOf([
      ...fill,
      [desiredKeys.meta, manager.entries.get(desiredKeys.meta) as DesiredEntry],
    ]);
    const last = assembleDesired(manager.hostId, filled);
    expect(last.complete && last.state.desired).toEqual(whole.complete && whole.state.desired);
  });

  it('holds for a host without switches and ports', () => {
    const manager = new FakeManager(anId());
    return manager
      .putHost([])
      .then(() => manager.putMeta())
      .then(() =>
        expect(assemble(manager)).toMatchObject({ complete: true, state: { desired: { ports: [] } } }),
      );
  });
});
