import fc from 'fast-check';
import { desiredKeys, type DesiredEntry } from '@opendvs/contracts';
import { FakeManager } from '@opendvs/testing';
import { BusView, type DesiredMessage } from './bus-view';

const nothing = () => new Map<string, DesiredEntry>();

function message(key: string, entry: unknown, more: Partial<DesiredMessage> = {}): DesiredMessage {
  return {
    stream: key.startsWith('shared.') ? 'shared' : 'host',
    key,
    operation: 'PUT',
    value: new TextEncoder().encode(typeof entry === 'string' ? entry : JSON.stringify(entry)),
    initialValuesDone: true,
    ...more,
  };
}

/** Records what a manager publishes, as messages. */
async function aStory() {
  const messages: DesiredMessage[] = [];
  const manager: FakeManager = new FakeManager(undefined, (key, entry) => {
    messages.push(message(key, entry));
    return Promise.resolve();
  });
  const dvs = await manager.putSwitch();
  const group = await manager.putPortGroup(dvs);
  const host = await manager.putHost([dvs]);
  const ports = [await manager.putPort(group), await manager.putPort(group)] as const;
  await manager.putMeta();
  return { manager, messages, dvs, group, host, ports };
}

function viewOf(manager: FakeManager, messages: readonly DesiredMessage[], lastGood = nothing): BusView {
  const view = new BusView(manager.hostId, lastGood);
  for (const one of messages) view.take(one);
  return view;
}

const desiredOf = (view: BusView) => {
  const { assembly } = view.offer();
  return assembly.complete ? assembly.state.desired : assembly.reason;
};

describe('the view of the bus', () => {
  it('offers nothing before both watches have delivered all that was there', async () => {
    const { manager, messages } = await aStory();
    const unfinished = messages.map((one) => ({ ...one, initialValuesDone: one.stream === 'shared' }));
    expect(desiredOf(viewOf(manager, unfinished))).toMatch(/still reading the host objects/);
    expect(desiredOf(viewOf(manager, []))).toMatch(/manager has not filled it yet/);
  });

  it('comes to the same whatever the order in which objects arrive, as long as each object keeps its own order', async () => {
    const { manager, messages, group, host, ports } = await aStory();
    await manager.edit(group, { adminStatus: 'down' });
    await manager.delete(desiredKeys.port(host.id, ports[0].id));
    await manager.putPort(group);
    const expected = viewOf(manager, messages).offer();
    expect(expected.assembly.complete).toBe(true);
    fc.assert(
      fc.property(fc.shuffledSubarray(messages, { minLength: messages.length }), (shuffled) => {
        const inOrderByKey = shuffled.map(({ key }, index) => {
          const turn = shuffled.slice(0, index).filter((earlier) => earlier.key === key).length;
          return messages.filter((one) => one.key === key)[turn] as DesiredMessage;
        });
        const offer = viewOf(manager, inOrderByKey).offer();
        expect(offer.revisions).toEqual(expected.revisions);
        expect(offer.assembly).toEqual(expected.assembly);
      }),
    );
  });

  it('keeps the last good value of a key whose new one is of no use, and says why', async () => {
    const { manager, messages, group, ports } = await aStory();
    const view = viewOf(manager, messages);
    const key = desiredKeys.portGroup(group.id);
    const bad = message(key, {
      kind: 'port-group',
      revision: 99,
      object: { ...group, vlan: { type: 'access', vlanId: 4095 } },
    });
    expect(view.take(bad)).toEqual({
      key,
      reason: expect.stringContaining('object.vlan.vlanId') as string,
      repeated: false,
    });
    expect(view.take(bad)).toMatchObject({ repeated: true });
    expect(desiredOf(view)).toMatchObject({
      portGroups: [group],
      ports: expect.arrayContaining([...ports]) as unknown[],
    });
    expect([...view.badKeys.keys()]).toEqual([key]);
    view.take(message(key, { kind: 'port-group', revision: 100, object: { ...group, name: 'new' } }));
    expect(view.badKeys.size).toBe(0);
    expect(desiredOf(view)).toMatchObject({ portGroups: [{ name: 'new' }] });
  });

  it('falls back on what is in force when a watch begins with an unusable value', async () => {
    const { manager, messages, group } = await aStory();
    const { assembly } = viewOf(manager, messages).offer();
    if (!assembly.complete) throw new Error(assembly.reason);
    const key = desiredKeys.portGroup(group.id);
    const damaged = messages.map((one) => (one.key === key ? message(key, '{"kind":') : one));
    expect(
      desiredOf(viewOf(manager, damaged, () => assembly.state.entries as Map<string, DesiredEntry>)),
    ).toEqual(assembly.state.desired);
    expect(desiredOf(viewOf(manager, damaged))).toMatch(/which is not on the bus/);
  });

  it("keeps a live object against the store's own deletion markers, and lets a purged tombstone go", async () => {
    const { manager, messages, host, ports } = await aStory();
    const view = viewOf(manager, messages);
    const [first, second] = ports.map(({ id }) => desiredKeys.port(host.id, id)) as [string, string];
    expect(view.take(message(first, '', { operation: 'DEL' }))).toMatchObject({
      reason: expect.stringMatching(/tombstone/) as string,
    });
    expect(view.take(message(first, '', { operation: 'PURGE' }))).toMatchObject({
      reason: expect.stringMatching(/tombstone/) as string,
    });
    expect(desiredOf(view)).toMatchObject({ ports: expect.arrayContaining([...ports]) as unknown[] });
    view.take(message(second, { kind: 'port', revision: 50, object: null }));
    expect(view.take(message(second, '', { operation: 'PURGE' }))).toBeNull();
    expect(desiredOf(view)).toMatchObject({ ports: [ports[0]] });
    expect(view.offer().revisions.host).toBe(50);
  });

  it('passes over a value that is older than the one before it', async () => {
    const { manager, messages, group, host } = await aStory();
    const late = await manager.putPort(group);
    const view = viewOf(manager, messages);
    const key = desiredKeys.port(host.id, late.id);
    const old = {
      kind: 'port',
      revision: late.revision - 1,
      object: { ...late, revision: late.revision - 1, name: 'old' },
    };
    expect(view.take(message(key, old))).toMatchObject({
      reason: expect.stringMatching(/older than/) as string,
    });
    expect(desiredOf(view)).toMatchObject({ ports: expect.arrayContaining([late]) as unknown[] });
  });

  it('keeps the identity of what did not change when everything is read again', async () => {
    const { manager, messages, group } = await aStory();
    const first = viewOf(manager, messages).offer().assembly;
    if (!first.complete) throw new Error(first.reason);
    await manager.edit(group, { name: 'edited' });
    const again = viewOf(manager, messages, () => first.state.entries as Map<string, DesiredEntry>).offer()
      .assembly;
    if (!again.complete) throw new Error(again.reason);
    expect(again.state.desired.ports[0]).toBe(first.state.desired.ports[0]);
    expect(again.state.desired.portGroups[0]).not.toBe(first.state.desired.portGroups[0]);
  });

  it('forgets tombstones that the record of the store is past, so that a long life needs no more memory', async () => {
    const { manager, messages, group, host } = await aStory();
    const gone = await manager.putPort(group);
    await manager.delete(desiredKeys.port(host.id, gone.id));
    const view = viewOf(manager, messages);
    expect(view.offer().entries.host.has(desiredKeys.port(host.id, gone.id))).toBe(true);
    await manager.putMeta();
    view.take(messages.at(-1) as DesiredMessage);
    expect(view.offer().entries.host.has(desiredKeys.port(host.id, gone.id))).toBe(false);
    expect(view.offer().revisions.host).toBe(manager.revision);
  });

  it('takes any message without throwing, and the live objects stay', async () => {
    const { manager, messages, ports } = await aStory();
    const keys = messages.map(({ key }) => key);
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            stream: fc.constantFrom('host' as const, 'shared' as const),
            key: fc.oneof(fc.constantFrom(...keys), fc.string()),
            operation: fc.constantFrom('PUT' as const, 'DEL' as const, 'PURGE' as const),
            value: fc.oneof(
              fc.uint8Array(),
              fc.json().map((json) => new TextEncoder().encode(json)),
            ),
            initialValuesDone: fc.boolean(),
          }),
        ),
        (noise) => {
          const view = viewOf(manager, messages);
          for (const one of noise) view.take(one);
          expect(desiredOf(view)).toMatchObject({ ports: expect.arrayContaining([...ports]) as unknown[] });
        },
      ),
    );
  });
});
