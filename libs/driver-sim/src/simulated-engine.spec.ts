import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostDesired } from '@opendvs/dataplane';
import {
  interfaceName,
  vhostSocketPath,
  type SuppressionKind,
  type SuppressionThreshold,
} from '@opendvs/model';
import { describePlan, executePlan, planSteps } from '@opendvs/reconciler';
import { aHostDesired, aPort, aPortGroup, aSuppression, aSwitch, withEdit } from '@opendvs/testing';
import { GuestFileFollower, plugSimulatedVm, unplugSimulatedVm } from './guest-files';
import { SimDriver } from './sim-driver';
import { portKey } from './sim-objects';
import { SimulatedEngine, type SimulatedEngineOptions } from './simulated-engine';
import type { OfferedLoad } from './simulated-traffic';

const never = new AbortController().signal;

/** An engine whose time the test moves, brought to a desired state. */
class World {
  nowMs = 0;
  readonly engine: SimulatedEngine;
  readonly driver: SimDriver;

  constructor(options: SimulatedEngineOptions = {}) {
    this.engine = new SimulatedEngine({ monotonicMs: () => this.nowMs, ...options });
    this.driver = new SimDriver(this.engine);
  }

  async plan(desired: HostDesired) {
    const observed = await this.driver.observe({ audit: true }, never);
    return planSteps(this.driver.render(desired), observed, (from, to) => this.driver.changeMode(from, to));
  }

  async converge(desired: HostDesired): Promise<void> {
    expect((await executePlan(await this.plan(desired), this.driver, never)).failures).toEqual([]);
  }

  async countersOf({ id }: { id: string }) {
    return (await this.driver.readCounters(never)).find(({ portId }) => portId === id)!;
  }

  async linkOf({ id }: { id: string }) {
    return (await this.driver.readPorts(never)).find(({ portId }) => portId === id)!;
  }
}

describe('simulated traffic', () => {
  const dvs = aSwitch();
  const limited = (thresholds: Partial<Record<SuppressionKind, SuppressionThreshold>>, observeOnly = false) =>
    aPortGroup(dvs, { broadcastSuppression: aSuppression({ ...thresholds, observeOnly }) });

  /** A storm of each of `offers` for `seconds`, from a limited port to another in the same VLAN. */
  const storm = async (group: ReturnType<typeof limited>, offers: OfferedLoad[], seconds: number) => {
    const world = new World();
    const [from, to] = [aPort(group), aPort(aPortGroup(dvs, { id: group.id }))];
    await world.converge(aHostDesired({ switches: [dvs], portGroups: [group], ports: [from, to] }));
    for (const port of [from, to]) world.engine.connectVm(port.id);
    world.engine.offer(
      from.id,
      offers.map((offer) => (offer.frameClass === 'unicast' ? { ...offer, toPortId: to.id } : offer)),
    );
    const receivedAt: number[] = [];
    for (let second = 0; second < seconds; second++) {
      world.nowMs += 1000;
      receivedAt.push((await world.countersOf(to)).txPackets);
    }
    return { sent: await world.countersOf(from), received: await world.countersOf(to), receivedAt };
  };

  it('arrives at the threshold, not above, and what is suppressed is counted', async () => {
    const group = limited({ arpBroadcast: { unit: 'pps', rate: 1000 } });
    const { sent, receivedAt } = await storm(
      group,
      [{ frameClass: 'arpBroadcast', packetsPerSecond: 50_000, frameBytes: 60 }],
      10,
    );
    expect(receivedAt[9]! - receivedAt[0]!).toBeCloseTo(9000, -1);
    expect(sent.rxPackets).toBe(500_000);
    expect(sent.rxBroadcastPackets).toBe(500_000);
    expect(sent.suppressed).toEqual({
      arpBroadcast: { packets: 500_000 - receivedAt[9]!, bytes: (500_000 - receivedAt[9]!) * 60 },
    });
  });

  it.each([5, 64, 100_000])('is measured in kbit/s of whole frames: %d kbit/s', async (rate) => {
    const group = limited({ ipBroadcast: { unit: 'kbps', rate } });
    const offers = [{ frameClass: 'ipBroadcast' as const, packetsPerSecond: 20_000, frameBytes: 1514 }];
    const { receivedAt } = await storm(group, offers, 101);
    const kbps = ((receivedAt[100]! - receivedAt[0]!) * 1514 * 8) / 1000 / 100;
    expect(kbps / rate).toBeGreaterThan(0.95);
    expect(kbps / rate).toBeLessThan(1.05);
  });

  it('that stays below the threshold passes whole', async () => {
    const group = limited({ multicast: { unit: 'pps', rate: 1000 } });
    const { sent, received } = await storm(
      group,
      [{ frameClass: 'multicast', packetsPerSecond: 900, frameBytes: 60 }],
      5,
    );
    expect(received.txPackets).toBe(4500);
    expect(sent.suppressed).toEqual({ multicast: { packets: 0, bytes: 0 } });
  });

  it('of unicast is untouched by a storm of the same VM', async () => {
    const group = limited({ allBroadcast: { unit: 'pps', rate: 10 } });
    const { sent, received } = await storm(
      group,
      [
        { frameClass: 'unicast', packetsPerSecond: 1000, frameBytes: 60 },
        { frameClass: 'otherBroadcast', packetsPerSecond: 100_000, frameBytes: 60 },
      ],
      10,
    );
    expect(received.txPackets - 10_000).toBeLessThanOrEqual(101);
    expect(sent.rxUnicastPackets).toBe(10_000);
  });

  it('of ARP has to pass the threshold of all broadcast, too', async () => {
    const group = limited({
      arpBroadcast: { unit: 'pps', rate: 500 },
      allBroadcast: { unit: 'pps', rate: 100 },
    });
    const { sent, receivedAt } = await storm(
      group,
      [{ frameClass: 'arpBroadcast', packetsPerSecond: 10_000, frameBytes: 60 }],
      11,
    );
    expect(receivedAt[10]! - receivedAt[0]!).toBeCloseTo(1000, -1);
    expect(Object.keys(sent.suppressed)).toEqual(['arpBroadcast', 'allBroadcast']);
    expect(sent.suppressed.allBroadcast?.packets).toBeGreaterThan(4000);
  });

  it('passes, but is counted, when the group only observes', async () => {
    const group = limited({ multicast: { unit: 'pps', rate: 100 } }, true);
    const { sent, received } = await storm(
      group,
      [{ frameClass: 'multicast', packetsPerSecond: 1000, frameBytes: 60 }],
      10,
    );
    expect(received.txPackets).toBe(10_000);
    expect(sent.suppressed.multicast?.packets).toBeCloseTo(9000, -2);
  });

  it('stays in its VLAN, and does not flow while the group is administratively down', async () => {
    const world = new World();
    const [group, other] = [aPortGroup(dvs), aPortGroup(dvs, { vlan: { type: 'access', vlanId: 200 } })];
    const trunk = aPortGroup(dvs, {
      vlan: { type: 'trunk', trunkVlans: [{ first: 100, last: 101 }], nativeVlanId: null },
    });
    const [from, stranger, trunked] = [aPort(group), aPort(other), aPort(trunk)];
    const desired = aHostDesired({
      switches: [dvs],
      portGroups: [group, other, trunk],
      ports: [from, stranger, trunked],
    });
    await world.converge(desired);
    for (const port of desired.ports) world.engine.connectVm(port.id);
    world.engine.offer(from.id, [{ frameClass: 'multicast', packetsPerSecond: 100, frameBytes: 60 }]);
    world.nowMs += 1000;
    expect((await world.countersOf(stranger)).txPackets).toBe(0);
    expect((await world.countersOf(trunked)).txPackets).toBe(100);

    await world.converge(withEdit(desired, 'portGroups', group.id, { adminStatus: 'down' }));
    world.nowMs += 1000;
    expect((await world.countersOf(trunked)).txPackets).toBe(100);
    expect((await world.countersOf(from)).rxDroppedPackets).toBe(100);
  });

  it('begins a new epoch when the port is made anew, and when the engine restarts', async () => {
    const world = new World();
    const group = aPortGroup(dvs);
    const port = aPort(group);
    const desired = aHostDesired({ switches: [dvs], portGroups: [group], ports: [port] });
    const epochs = new Set<string>();
    const note = async () => epochs.add((await world.countersOf(port)).epoch);
    await world.converge(desired);
    await note();
    await note();
    expect(epochs.size).toBe(1);
    world.engine.drop(portKey(interfaceName(port.id)));
    await world.converge(desired);
    await note();
    expect(epochs.size).toBe(2);
    world.engine.stop();
    world.engine.start();
    await note();
    expect(epochs.size).toBe(3);
  });
});

describe('SimulatedEngine', () => {
  const dvs = aSwitch();
  const group = aPortGroup(dvs);
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'simulated-engine-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is found by the next process as it was, when it has a state file', async () => {
    const stateFile = join(folder, 'engine.json');
    const port = aPort(group);
    const desired = aHostDesired({ switches: [dvs], portGroups: [group], ports: [port] });
    await new World({ stateFile }).converge(desired);
    const next = new World({ stateFile });
    expect(describePlan(await next.plan(desired))).toEqual([]);
    expect(await next.linkOf(port)).toMatchObject({ link: 'no-peer', vhostConnects: 0 });
  });

  it('refuses a NIC and a port number that somebody else has', async () => {
    const world = new World();
    const [one, two] = [aPort(group, { number: 7 }), aPort(group, { number: 7 })];
    await world.converge(aHostDesired({ switches: [dvs], portGroups: [group], ports: [one] }));
    const second = world.driver.render(
      aHostDesired({ switches: [dvs], portGroups: [group], ports: [two] }),
    )[1]!;
    const [result] = await world.driver.apply([{ verb: 'create', key: second.key, to: second }], never);
    expect(result).toMatchObject({
      ok: false,
      error: expect.stringMatching(/cannot have number:7: port\/.* holds it/) as string,
    });
  });

  it('never changes or deletes what is not ours, even when told to', async () => {
    const world = new World();
    const [bridge] = world.driver.render(aHostDesired({ switches: [dvs] }));
    const { because: _, ...foreign } = { ...bridge!, owner: null };
    world.engine.tamper(foreign);
    const steps = [
      { verb: 'create' as const, key: bridge!.key, to: bridge! },
      { verb: 'delete' as const, key: bridge!.key, from: foreign },
    ];
    expect((await world.driver.apply(steps, never)).map(({ ok }) => ok)).toEqual([false, false]);
    expect(world.engine.inspect()).toEqual([foreign]);
  });

  it('tells its driver of what it announces, so that the driver need not audit to know', async () => {
    const world = new World();
    await world.driver.open(never);
    const desired = aHostDesired({ switches: [dvs] });
    await world.converge(desired);
    const [bridge] = world.driver.render(desired);
    const known = async () => (await world.driver.observe({ audit: false }, never)).length;
    world.engine.drop(bridge!.key, { silently: true });
    expect(await known()).toBe(1);
    await world.converge(desired);
    world.engine.drop(bridge!.key);
    expect(await known()).toBe(0);
  });

  it('counts how often a VM came to a port, the one that waited for it included', async () => {
    const world = new World();
    const port = aPort(group);
    world.engine.connectVm(port.id);
    await world.converge(aHostDesired({ switches: [dvs], portGroups: [group], ports: [port] }));
    expect(await world.linkOf(port)).toMatchObject({ link: 'connected', vhostConnects: 1 });
    world.engine.disconnectVm(port.id);
    world.engine.connectVm(port.id);
    expect(await world.linkOf(port)).toMatchObject({ link: 'connected', vhostConnects: 2 });
  });

  it('has VMs of other processes plugged by files beside the sockets', async () => {
    const world = new World();
    const port = aPort(group);
    const desired = aHostDesired({
      host: { vhostSocketDir: folder },
      switches: [dvs],
      portGroups: [group],
      ports: [port],
    });
    await world.converge(desired);
    const socketPath = vhostSocketPath(folder, port.id);
    const follower = new GuestFileFollower(world.engine);
    await plugSimulatedVm(socketPath, [{ frameClass: 'multicast', packetsPerSecond: 10, frameBytes: 60 }]);
    const another = aPort(group);
    world.engine.connectVm(another.id);
    await world.converge({ ...desired, ports: [...desired.ports, another] });
    await follower.look();
    expect(await world.linkOf(another)).toMatchObject({ link: 'connected' });
    world.nowMs += 1000;
    expect(await world.linkOf(port)).toMatchObject({ link: 'connected' });
    expect((await world.countersOf(port)).rxMulticastPackets).toBe(10);

    writeFileSync(`${socketPath}.guest.json`, '{"offers": "many"}');
    await follower.look();
    expect(await world.linkOf(port)).toMatchObject({
      link: 'faulty',
      reason: expect.stringContaining('not a list') as string,
    });

    await unplugSimulatedVm(socketPath);
    await follower.look();
    expect(await world.linkOf(port)).toMatchObject({ link: 'disconnected', reason: null });
  });
});
