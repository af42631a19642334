import { randomUUID } from 'node:crypto';
import type { Heartbeat, StatusReport } from '@opendvs/contracts';
import type { PortStatus } from '@opendvs/model';
import { ChangeFeed } from '../events/change-feed';
import { HostStatuses } from '../reports/host-statuses.service';
import { Inventory } from '../reports/inventory';
import { PortStatuses } from '../reports/port-statuses.service';
import { ReadModel } from '../reports/read-model';
import { AppliedWaiter } from './applied-waiter.service';

const [A, B] = [randomUUID(), randomUUID()];
const [PORT_A, PORT_B] = [randomUUID(), randomUUID()];
const NOW = new Date();
const LONG_MS = 60_000;

class World {
  private readonly feed = new ChangeFeed(
    { currentRevision: async () => 0, after: async () => [] },
    { warn: () => undefined },
  );
  private readonly inventory = new Inventory(
    {
      hostIds: async () => [A, B],
      ports: async () => [
        { id: PORT_A, hostId: A },
        { id: PORT_B, hostId: B },
      ],
    },
    this.feed,
  );
  private readonly model = new ReadModel(this.inventory);
  readonly waiter = new AppliedWaiter(
    new HostStatuses(this.model),
    new PortStatuses(this.model),
    this.inventory,
    this.model,
    { state: { state: 'standby' } },
  );
  private readonly seq = new Map<string, number>();

  static async make(): Promise<World> {
    const world = new World();
    await world.inventory.start();
    world.model.nowListening(0);
    return world;
  }

  beat(hostId: string, part: Partial<Heartbeat> = {}): void {
    const report: Heartbeat = {
      ...this.source(hostId, 'h'),
      agentVersion: '1',
      engine: null,
      desiredState: 'current',
      desiredStateReason: null,
      appliedRevisions: { host: 0, shared: 0 },
      problems: [],
      ...part,
    };
    this.model.accept({ kind: 'heartbeat', report }, NOW, 0);
  }

  report(hostId: string, applied: number, ...ports: Partial<PortStatus>[]): void {
    const report: StatusReport = {
      ...this.source(hostId, 's'),
      full: true,
      part: 0,
      last: true,
      appliedRevisions: { host: applied, shared: applied },
      gone: [],
      ports: ports.map((port) => ({
        portId: '',
        state: 'wired',
        reason: null,
        since: NOW.toISOString(),
        appliedRevision: applied,
        ...port,
      })),
    };
    this.model.accept({ kind: 'status', report }, NOW, 0);
  }

  private source(hostId: string, kind: string) {
    const seq = this.seq.get(hostId + kind) ?? 0;
    this.seq.set(hostId + kind, seq + 1);
    return { hostId, bootId: hostId, seq, sentAt: NOW.toISOString() };
  }
}

describe('AppliedWaiter', () => {
  const request = { hostIds: [A], scope: 'host' as const, revision: 5, portIds: [PORT_A] };

  it('answers at once when it is applied already, or nobody is concerned', async () => {
    const { waiter } = await World.make();
    await expect(waiter.wait({ ...request, hostIds: [] }, LONG_MS)).resolves.toEqual({
      applied: true,
      hosts: [],
    });
    const world = await World.make();
    world.report(A, 5, { portId: PORT_A });
    await expect(world.waiter.wait(request, LONG_MS)).resolves.toMatchObject({ applied: true });
  });

  it('answers when the last host has it, not before', async () => {
    const world = await World.make();
    let answered = false;
    const waiting = world.waiter
      .wait({ ...request, hostIds: [A, B], scope: 'shared' }, LONG_MS)
      .finally(() => (answered = true));
    world.report(A, 5, { portId: PORT_A });
    world.report(B, 4, { portId: PORT_B });
    await new Promise(setImmediate);
    expect(answered).toBe(false);
    world.report(B, 6, { portId: PORT_B });
    await expect(waiting).resolves.toEqual({
      applied: true,
      hosts: [A, B].map((hostId) => ({ hostId, applied: true, reason: null, failures: [] })),
    });
    expect(world.waiter.size).toBe(0);
  });

  it('answers at once with the reason when a port has failed, though another host is still to come', async () => {
    const world = await World.make();
    const waiting = world.waiter.wait({ ...request, hostIds: [A, B], portIds: [PORT_A, PORT_B] }, LONG_MS);
    world.report(A, 5, { portId: PORT_A, state: 'error', reason: 'no hugepages' });
    const { applied, hosts } = await waiting;
    expect(applied).toBe(false);
    expect(hosts[0]).toEqual({
      hostId: A,
      applied: false,
      reason: 'no hugepages',
      failures: [{ portId: PORT_A, reason: 'no hugepages' }],
    });
    expect(hosts[1]).toMatchObject({ applied: false, failures: [] });
  });

  it('does not take an old error for one of this change', async () => {
    const world = await World.make();
    world.report(A, 4, { portId: PORT_A, state: 'error', reason: 'old' });
    const waiting = world.waiter.wait(request, LONG_MS);
    world.report(A, 5, { portId: PORT_A, state: 'wired' });
    await expect(waiting).resolves.toMatchObject({ applied: true });
  });

  it('waits until the host has told of the port', async () => {
    const world = await World.make();
    world.report(A, 5);
    const waiting = world.waiter.wait(request, LONG_MS);
    world.report(A, 5, { portId: PORT_A });
    await expect(waiting).resolves.toMatchObject({ applied: true });
  });

  it('does not wait for ports that exist no more', async () => {
    const world = await World.make();
    world.report(A, 5);
    await expect(world.waiter.wait({ ...request, portIds: [randomUUID()] }, LONG_MS)).resolves.toMatchObject({
      applied: true,
    });
  });

  it.each([
    ['the host never reported', () => undefined, /has never reported/],
    [
      'the engine is down',
      (world: World) =>
        world.beat(A, {
          engine: {
            name: 'OVS',
            version: '3',
            up: false,
            reason: 'socket gone',
            capabilities: { switchModes: [], suppressionKinds: [], unsupported: {}, maxPorts: 1 },
          },
        }),
      /OVS is not up: socket gone/,
    ],
    [
      'the agent refuses the state',
      (world: World) => world.beat(A, { desiredState: 'refused', desiredStateReason: 'another store' }),
      /another store/,
    ],
    [
      'it is merely not there yet',
      (world: World) => world.beat(A),
      /applied host revision 0 so far, the change is 5/,
    ],
  ])('says after the timeout why not, when %s', async (_what, prepare: (world: World) => void, reason) => {
    const world = await World.make();
    prepare(world);
    const { applied, hosts } = await world.waiter.wait(request, 1);
    expect(applied).toBe(false);
    expect(hosts[0]?.reason).toMatch(reason);
    expect(world.waiter.size).toBe(0);
  });

  it('leaves nothing behind when who asked has gone, or at the end', async () => {
    const world = await World.make();
    const gone = new AbortController();
    const first = world.waiter.wait(request, LONG_MS, gone.signal);
    const second = world.waiter.wait(request, LONG_MS);
    expect(world.waiter.size).toBe(2);
    gone.abort();
    await expect(first).resolves.toMatchObject({ applied: false });
    world.waiter.beforeApplicationShutdown();
    await expect(second).resolves.toMatchObject({ applied: false });
    expect(world.waiter.size).toBe(0);
  });
});
