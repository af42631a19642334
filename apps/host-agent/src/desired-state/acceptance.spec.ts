import { desiredKeys } from '@opendvs/contracts';
import { anId, FakeManager } from '@opendvs/testing';
import { judge, type AcceptedState, type LocalFacts, type Verdict } from './acceptance';
import { BusView } from './bus-view';

const local: LocalFacts = {
  engine: 'sim',
  vhostSocketDir: '/run/opendvs/vhost',
  stateDir: '/var/lib/opendvs/agent',
};

/** What a watch of the whole bucket, begun now, would make of it. */
function offerOf(manager: FakeManager, lastGood: AcceptedState | null = null) {
  const view = new BusView(manager.hostId, () => lastGood?.entries ?? new Map());
  for (const [key, entry] of manager.entries) {
    view.take({
      stream: key.startsWith('shared.') ? 'shared' : 'host',
      key,
      operation: 'PUT',
      value: new TextEncoder().encode(JSON.stringify(entry)),
      initialValuesDone: true,
    });
  }
  return view.offer();
}

function accepted(verdict: Verdict): AcceptedState {
  if (verdict.verdict !== 'accept') throw new Error(`${verdict.verdict}: ${verdict.reason}`);
  return verdict.state;
}

async function aWorld() {
  const manager = new FakeManager();
  const dvs = await manager.putSwitch();
  const group = await manager.putPortGroup(dvs);
  const host = await manager.putHost([dvs]);
  const ports = [await manager.putPort(group), await manager.putPort(group)] as const;
  await manager.putMeta();
  return { manager, dvs, group, host, ports, state: accepted(judge(offerOf(manager), null, local)) };
}

describe('judging what the bus offers', () => {
  it('accepts a first complete state, with the largest revision of each stream', async () => {
    const { manager, ports, state } = await aWorld();
    expect(state.revisions).toEqual({ host: ports[1].revision, shared: manager.revision });
    expect(state.storeId).toBe(manager.storeId);
  });

  it('accepts edits and deletions, and counts a tombstone as a revision', async () => {
    const { manager, host, ports, state } = await aWorld();
    await manager.delete(desiredKeys.port(host.id, ports[0].id));
    const next = accepted(judge(offerOf(manager, state), state, local));
    expect(next.desired.ports).toEqual([ports[1]]);
    expect(next.revisions.host).toBe(manager.revision);
  });

  it('accepts that a port is gone without a tombstone once the record of the store is past it', async () => {
    const { manager, host, ports, state } = await aWorld();
    await manager.delete(desiredKeys.port(host.id, ports[1].id));
    await manager.putMeta();
    manager.entries.delete(desiredKeys.port(host.id, ports[1].id));
    const next = accepted(judge(offerOf(manager, state), state, local));
    expect(next.desired.ports).toEqual([ports[0]]);
    expect(next.revisions.host).toBe(state.revisions.host);
  });

  it('refuses a state in which a port is missing though nothing says that it was deleted', async () => {
    const { manager, dvs, host, ports } = await aWorld();
    const port = await manager.putPort({ id: ports[0].portGroupId, switchId: dvs.id });
    const state = accepted(judge(offerOf(manager), null, local));
    manager.entries.delete(desiredKeys.port(host.id, port.id));
    await manager.putSwitch();
    expect(judge(offerOf(manager, state), state, local)).toEqual({
      verdict: 'refuse',
      reason: expect.stringContaining(`${port.id} is missing from the bus`) as string,
    });
  });

  it('refuses an old copy of the bucket', async () => {
    const { manager, host, ports } = await aWorld();
    const old = offerOf(manager);
    await manager.delete(desiredKeys.port(host.id, ports[0].id));
    const state = accepted(judge(offerOf(manager), null, local));
    expect(judge(old, state, local)).toEqual({
      verdict: 'refuse',
      reason: expect.stringMatching(/already acted on revision/) as string,
    });
  });

  it('refuses an object older than the one it acts on, however new the rest is', async () => {
    const { manager, group } = await aWorld();
    const key = desiredKeys.portGroup(group.id);
    const before = manager.entries.get(key);
    await manager.edit(group, { adminStatus: 'down' });
    const state = accepted(judge(offerOf(manager), null, local));
    if (before) manager.entries.set(key, before);
    await manager.putSwitch();
    expect(judge(offerOf(manager, state), state, local)).toEqual({
      verdict: 'refuse',
      reason: expect.stringContaining(`${key} has revision ${group.revision} on the bus`) as string,
    });
  });

  it('refuses another store, and says how to change over on purpose', async () => {
    const { manager, state } = await aWorld();
    const other = new FakeManager(manager.hostId, undefined, anId());
    other.revision = 1000;
    await other.putHost([]);
    await other.putMeta();
    expect(judge(offerOf(other), state, local)).toEqual({
      verdict: 'refuse',
      reason: expect.stringMatching(
        new RegExp(`${other.storeId}.*${manager.storeId}.*remove /var/lib/opendvs/agent`),
      ) as string,
    });
  });

  it.each([
    ['socket folder', { ...local, vhostSocketDir: '/tmp' }, /OPENDVS_VHOST_SOCKET_DIR/],
    ['engine', { ...local, engine: 'ovs-dpdk' as const }, /OPENDVS_ENGINE/],
  ])("refuses a configuration whose %s isn't the host's own", async (_what, facts, reason) => {
    const { manager } = await aWorld();
    expect(judge(offerOf(manager), null, facts)).toEqual({
      verdict: 'refuse',
      reason: expect.stringMatching(reason) as string,
    });
  });

  it('takes a trailing slash of the socket folder for no difference', async () => {
    const { manager } = await aWorld();
    expect(judge(offerOf(manager), null, { ...local, vhostSocketDir: '/run/opendvs/vhost/' }).verdict).toBe(
      'accept',
    );
  });

  it('holds what is incomplete', async () => {
    const { manager, dvs, state } = await aWorld();
    await manager.delete(desiredKeys.switch(dvs.id));
    expect(judge(offerOf(manager), state, local)).toMatchObject({ verdict: 'hold', kind: 'unresolved' });
  });
});
