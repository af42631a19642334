import { desiredKeys } from '@opendvs/contracts';
import { SimulatedEngine } from '@opendvs/driver-sim';
import { anId, eventually, FakeManager } from '@opendvs/testing';
import { AgentRig } from './host-agent.rig';

jest.setTimeout(30_000);

let rig: AgentRig;
let engine: SimulatedEngine;
beforeEach(async () => {
  rig = await AgentRig.start();
  engine = new SimulatedEngine();
});
afterEach(() => rig.dispose());

const enginePorts = (): string[] =>
  engine.inspect().flatMap(({ spec }) => (spec.kind === 'port' ? [spec.portId] : []));
const byText = (a: string, b: string): number => a.localeCompare(b);
const idsOf = (ports: readonly { id: string }[]): string[] => ports.map(({ id }) => id).sort(byText);

describe('the life of a host', () => {
  it('wires what the manager asks for, and acknowledges it', async () => {
    const { ports } = await rig.fillWorld();
    await rig.startAgent(engine);
    await rig.untilApplied();
    expect([...rig.reports.ports.values()].map(({ portId, state }) => ({ portId, state }))).toEqual(
      expect.arrayContaining(ports.map(({ id }) => ({ portId: id, state: 'wired' }))),
    );
    expect(enginePorts().sort(byText)).toEqual(idsOf(ports));
    expect(rig.reports.statuses[0]).toMatchObject({ full: true, part: 0, last: true });
    await eventually('the heartbeat says current', () => rig.reports.standing === 'current');
  });

  it('follows edits, additions and deletions, and tells what is gone', async () => {
    const { group, ports } = await rig.fillWorld();
    await rig.startAgent(engine);
    await rig.untilApplied();
    const full = rig.reports.statuses.length;
    await rig.manager.edit(group, { vlan: { type: 'access', vlanId: 200 } });
    const added = await rig.manager.putPort(group, { number: 50 });
    await rig.manager.delete(desiredKeys.port(rig.manager.hostId, ports[0]!.id));
    await rig.untilApplied();
    expect(enginePorts().sort(byText)).toEqual(idsOf([ports[1]!, added]));
    expect([...rig.reports.ports.keys()].sort(byText)).toEqual(idsOf([ports[1]!, added]));
    const since = rig.reports.statuses.slice(full);
    expect(since.every((report) => !report.full)).toBe(true);
    expect(rig.reports.statuses.map(({ seq }) => seq)).toEqual(rig.reports.statuses.map((_, index) => index));
  });

  it('tells when a VM comes and goes', async () => {
    const { ports } = await rig.fillWorld(1);
    await rig.startAgent(engine);
    await rig.untilApplied();
    const state = (): string | undefined => rig.reports.ports.get(ports[0]!.id)?.state;
    engine.connectVm(ports[0]!.id);
    await eventually('the port is connected', () => state() === 'connected');
    engine.disconnectVm(ports[0]!.id);
    await eventually('the port is down', () => state() === 'down');
  });

  it('beats every second, and at once when the engine goes', async () => {
    await rig.fillWorld(1);
    await rig.startAgent(engine);
    await rig.untilApplied();
    const before = rig.reports.heartbeats.length;
    await eventually('three more heartbeats', () => rig.reports.heartbeats.length >= before + 3);
    const times = rig.reports.heartbeats.slice(before).map(({ sentAt }) => Date.parse(sentAt));
    expect((times[2]! - times[0]!) / 2).toBeLessThan(1500);
    const stoppedAt = Date.now();
    engine.stop('somebody stopped it');
    await eventually('the heartbeat says so', () => rig.reports.heartbeats.at(-1)?.engine?.up === false);
    expect(Date.parse(rig.reports.heartbeats.at(-1)!.sentAt) - stoppedAt).toBeLessThan(500);
    engine.start();
    await eventually('and that it is back', () => rig.reports.heartbeats.at(-1)?.engine?.up);
  });

  it('reports counters with what was suppressed', async () => {
    const { manager } = rig;
    const { dvs } = await rig.fillWorld(1);
    const group = await manager.putPortGroup(dvs, {
      broadcastSuppression: {
        observeOnly: false,
        arpBroadcast: { unit: 'pps', rate: 10 },
        ipBroadcast: null,
        allBroadcast: null,
        multicast: null,
        unknownUnicast: null,
      },
    });
    const port = await manager.putPort(group, { number: 9 });
    await rig.startAgent(engine);
    await rig.untilApplied();
    engine.connectVm(port.id);
    engine.offer(port.id, [{ frameClass: 'arpBroadcast', packetsPerSecond: 10_000, frameBytes: 64 }]);
    const counters = await eventually('suppressed packets are counted', () =>
      rig.reports.counters
        .flatMap(({ ports }) => ports)
        .find((one) => one.portId === port.id && (one.suppressed.arpBroadcast?.packets ?? 0) > 100),
    );
    expect(counters?.rxPackets).toBeGreaterThan(0);
    const { body } = await rig.get<{ counters: { portId: string } }>(`/v1/ports/${port.id}`);
    expect(body.counters.portId).toBe(port.id);
  });

  it('acknowledges 500 ports that come at once, in few rounds', async () => {
    const { group } = await rig.fillWorld(1);
    await rig.startAgent(engine);
    await rig.untilApplied();
    const before = (await rig.status()).totals.rounds;
    await Promise.all(Array.from({ length: 500 }, (_, i) => rig.manager.putPort(group, { number: 100 + i })));
    await rig.untilApplied();
    expect(enginePorts()).toHaveLength(501);
    expect((await rig.status()).totals.rounds - before).toBeLessThan(100);
  });
});

describe('what an agent survives', () => {
  it('keeps every port while a deleted bucket is made anew, and follows the new one', async () => {
    const { group, ports } = await rig.fillWorld();
    await rig.startAgent(engine);
    await rig.untilApplied();
    const applied = (await rig.status()).totals.stepsApplied;
    await (await rig.bucket()).destroy();
    await eventually('it notices', async () => (await rig.status()).desiredState.state === 'cached');
    expect((await rig.status()).desiredState.reason).toMatch(/opendvs-desired is not on the bus/);
    await rig.stopBus();
    await rig.startBus();
    for (const [key, entry] of rig.manager.fillOrder()) {
      await rig.put(key, entry);
      expect(enginePorts().sort(byText)).toEqual(idsOf(ports));
    }
    await rig.manager.putMeta();
    await eventually('it is current', async () => (await rig.status()).desiredState.state === 'current');
    expect((await rig.status()).totals.stepsApplied).toBe(applied);
    const added = await rig.manager.putPort(group, { number: 50 });
    await rig.untilApplied();
    expect(enginePorts().sort(byText)).toEqual(idsOf([...ports, added]));
  });

  it('notices a bucket that was deleted and made anew while it was connected', async () => {
    const { group, ports } = await rig.fillWorld(20);
    await rig.startAgent(engine);
    await rig.untilApplied();
    await (await rig.bucket()).destroy();
    await rig.makeBucket();
    await rig.manager.fill();
    await rig.manager.edit(group, { adminStatus: 'down' });
    const added = await rig.manager.putPort(group, { number: 50 });
    await rig.untilApplied();
    expect(enginePorts().sort(byText)).toEqual(idsOf([...ports, added]));
  });

  it("keeps every port when JetStream's store was lost, and is in line again after the fill", async () => {
    const { group, ports } = await rig.fillWorld();
    await rig.startAgent(engine);
    await rig.untilApplied();
    await rig.loseStore();
    const added = await rig.manager.putPort(group, { number: 50 });
    await rig.startBus();
    await eventually('it is connected again', async () => (await rig.status()).bus.up);
    expect(enginePorts().sort(byText)).toEqual(idsOf(ports));
    await rig.manager.fill();
    await rig.untilApplied();
    expect(enginePorts().sort(byText)).toEqual(idsOf([...ports, added]));
  });

  it('takes up edits made while it was cut off, and reports all ports anew', async () => {
    const { group } = await rig.fillWorld();
    await rig.startAgent(engine);
    await rig.untilApplied();
    await rig.stopBus();
    await eventually('it notices', async () => !(await rig.status()).bus.up);
    expect((await rig.status()).desiredState.state).toBe('cached');
    await rig.startBus();
    const statuses = rig.reports.statuses.length;
    const added = await rig.manager.putPort(group, { number: 50 });
    await rig.untilApplied();
    expect(enginePorts()).toContain(added.id);
    await eventually('a full report came', () =>
      rig.reports.statuses.slice(statuses).some(({ full }) => full),
    );
  });

  it('changes nothing in the engine when it is restarted without the bus', async () => {
    const { ports } = await rig.fillWorld();
    await rig.startAgent(engine);
    await rig.untilApplied();
    engine.connectVm(ports[0]!.id);
    const before = structuredClone(engine.inspect());
    await rig.stopAgent();
    await rig.stopBus();
    expect(engine.inspect()).toEqual(before);
    await rig.startAgent(engine);
    const status = await eventually('a round is over', async () => {
      const now = await rig.status();
      return now.totals.rounds > 0 && now;
    });
    expect(status).toMatchObject({
      desiredState: { state: 'cached' },
      totals: { stepsApplied: 0 },
      ports: { connected: 1, wired: 1 },
    });
    expect(engine.inspect()).toEqual(before);
    expect((await rig.get<{ inSync: boolean }>('/v1/plan')).body.inSync).toBe(true);
  });

  it('starts before its bus is there', async () => {
    await rig.stopBus();
    await rig.startAgent(engine);
    expect(await rig.status()).toMatchObject({ bus: { up: false }, desiredState: { state: 'none' } });
    await rig.startBus();
    const { ports } = await rig.fillWorld();
    await rig.untilApplied();
    expect(enginePorts().sort(byText)).toEqual(idsOf(ports));
  });

  it('starts before its engine is there', async () => {
    const { ports } = await rig.fillWorld();
    engine.stop('not started yet');
    await rig.startAgent(engine);
    await eventually('ports are in error', () => rig.reports.ports.get(ports[0]!.id)?.state === 'error');
    engine.start();
    await eventually('ports are wired', () => rig.reports.ports.get(ports[0]!.id)?.state === 'wired');
  });
});

describe('what an agent refuses', () => {
  it('goes on with the last good value when messages are damaged', async () => {
    const { group, ports } = await rig.fillWorld();
    await rig.startAgent(engine);
    await rig.untilApplied();
    const key = desiredKeys.portGroup(group.id);
    for (const garbage of [
      '',
      '{',
      'null',
      '[]',
      '{"kind":"port-group"}',
      JSON.stringify({
        kind: 'port-group',
        revision: 99,
        object: { ...group, vlan: { type: 'access', vlanId: 4095 } },
      }),
    ]) {
      await rig.put(key, garbage);
    }
    await rig.put(`shared.port-group.${anId()}.extra`, 'x'.repeat(300_000));
    await rig.put(desiredKeys.port(rig.manager.hostId, ports[0]!.id), '{}');
    await (await rig.bucket()).delete(desiredKeys.port(rig.manager.hostId, ports[1]!.id));
    await eventually('it tells of each', async () => (await rig.status()).problems.length === 4);
    expect(enginePorts().sort(byText)).toEqual(idsOf(ports));
    const added = await rig.manager.putPort(group, { number: 50 });
    await rig.untilApplied();
    expect(enginePorts().sort(byText)).toEqual(idsOf([...ports, added]));
    await rig.manager.fill();
    await eventually(
      'all but the foreign key is good again',
      async () => (await rig.status()).problems.length === 1,
    );
  });

  it('refuses an old copy of the bucket', async () => {
    const { group, ports } = await rig.fillWorld();
    const old = new Map(rig.manager.entries);
    await rig.startAgent(engine);
    const added = await rig.manager.putPort(group, { number: 50 });
    await rig.untilApplied();
    await rig.loseStore();
    await rig.startBus();
    for (const [key, entry] of old) await rig.put(key, entry);
    await eventually('it refuses', () => rig.reports.standing === 'refused');
    expect(rig.reports.heartbeats.at(-1)?.desiredStateReason).toMatch(/already acted on revision/);
    expect(enginePorts().sort(byText)).toEqual(idsOf([...ports, added]));
  });

  it('refuses the state of another store, also after a restart', async () => {
    const { dvs, ports } = await rig.fillWorld();
    await rig.startAgent(engine);
    await rig.untilApplied();
    await rig.stopAgent();
    const other = new FakeManager(rig.manager.hostId, (key, entry) => rig.put(key, entry));
    other.revision = 1000;
    await other.putHost([dvs]);
    await other.putMeta();
    await rig.startAgent(engine);
    await eventually('it refuses', () => rig.reports.standing === 'refused');
    expect(rig.reports.heartbeats.at(-1)?.desiredStateReason).toContain(other.storeId);
    expect(enginePorts().sort(byText)).toEqual(idsOf(ports));
  });

  it("refuses a socket folder that isn't its own", async () => {
    const { dvs } = await rig.fillWorld();
    await rig.manager.putHost([dvs], { vhostSocketDir: '/etc' });
    await rig.startAgent(engine);
    await eventually('it refuses', () => rig.reports.standing === 'refused');
    expect(rig.reports.heartbeats.at(-1)?.desiredStateReason).toMatch(/OPENDVS_VHOST_SOCKET_DIR/);
    expect(engine.inspect()).toEqual([]);
  });
});
