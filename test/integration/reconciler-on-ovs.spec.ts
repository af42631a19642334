/**
 * @needs root hugepages
 * The reconciler's loop on real OVS-DPDK: what the simulated engine can't prove of it, above all how fast it heals.
 */
import type { HostDesired } from '@opendvs/dataplane';
import { OvsDriver, type OvsSpec } from '@opendvs/driver-ovs';
import { bridgeName, interfaceName } from '@opendvs/model';
import { Reconciler } from '@opendvs/reconciler';
import {
  aHostDesired,
  aPort,
  aPortGroup,
  aSuppression,
  aSwitch,
  eventually,
  withEdit,
} from '@opendvs/testing';
import { OvsRig } from './driver-ovs-rig';

const HEALED_WITHIN_MS = 5000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** An agent's dataplane half: a driver and its reconciler, at work until stopped. */
class Agent {
  readonly driver: OvsDriver;
  readonly reconciler: Reconciler<OvsSpec>;
  readonly batches: number[] = [];
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>;
  private static revision = 0;

  constructor(rig: OvsRig) {
    this.driver = rig.newDriver();
    const apply = this.driver.apply.bind(this.driver);
    this.driver.apply = (batch, signal) => {
      this.batches.push(batch.length);
      return apply(batch, signal);
    };
    this.reconciler = new Reconciler<OvsSpec>({ driver: this.driver, logger: silent });
    this.running = this.reconciler.run(this.stopping.signal);
  }

  /** Resolves when the state is applied, with the milliseconds that it took. */
  async reach(desired: HostDesired): Promise<number> {
    const revision = ++Agent.revision;
    const startedAt = performance.now();
    await new Promise<void>((resolve) => {
      const stopListening = this.reconciler.onChange(({ appliedRevisions }) => {
        if (appliedRevisions?.host !== revision) return;
        stopListening();
        resolve();
      });
      this.reconciler.setDesired(desired, { host: revision, shared: revision });
    });
    return performance.now() - startedAt;
  }

  states(desired: HostDesired): (string | undefined)[] {
    const { ports } = this.reconciler.snapshot();
    return desired.ports.map(({ id }) => ports.get(id)?.state);
  }

  async inSync(): Promise<boolean> {
    const { batches, withheld } = await this.reconciler.planNow();
    return batches.length === 0 && withheld.length === 0;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }
}

describe('Reconciler on OVS-DPDK', () => {
  let rig: OvsRig;
  let agent: Agent;

  const dvs = aSwitch();
  const group = aPortGroup(dvs, {
    broadcastSuppression: aSuppression({
      arpBroadcast: { unit: 'pps', rate: 100 },
      multicast: { unit: 'kbps', rate: 1000 },
    }),
  });
  const ports = [aPort(group), aPort(group), aPort(group)] as const;
  let desired: HostDesired;

  beforeAll(async () => {
    rig = await OvsRig.start();
    desired = aHostDesired({
      host: { engine: 'ovs-dpdk', vhostSocketDir: rig.folder },
      switches: [dvs],
      portGroups: [group],
      ports: [...ports],
    });
    agent = new Agent(rig);
    await agent.reach(desired);
  }, 60_000);

  afterAll(async () => {
    await agent?.stop();
    await rig?.stop();
  }, 60_000);

  it('wires all ports in one round', () => {
    expect(agent.states(desired)).toEqual(['wired', 'wired', 'wired']);
    expect(agent.reconciler.snapshot().totals.stepsFailed).toBe(0);
  });

  it('follows an edit of the group on all of its ports', async () => {
    await agent.reach(withEdit(desired, 'portGroups', group.id, { vlan: { type: 'access', vlanId: 123 } }));
    expect((await rig.vsctl('get', 'Port', interfaceName(ports[2].id), 'tag')).trim()).toBe('123');
    await agent.reach(desired);
    expect((await rig.vsctl('get', 'Port', interfaceName(ports[2].id), 'tag')).trim()).toBe('100');
  }, 20_000);

  it.each([
    ['a port is deleted by hand', () => rig.vsctl('del-port', interfaceName(ports[0].id))],
    ['the bridge is deleted by hand', () => rig.vsctl('del-br', bridgeName(dvs.id))],
    ['all flows are deleted by hand', () => rig.ofctl('del-flows', bridgeName(dvs.id))],
    ['all meters are deleted by hand', () => rig.ofctl('del-meters', bridgeName(dvs.id))],
  ])(
    'is as desired again within 5 s when %s',
    async (_what, damage) => {
      const { repairs } = agent.reconciler.snapshot().totals;
      const damagedAt = performance.now();
      await damage();
      await eventually('something is repaired', () => agent.reconciler.snapshot().totals.repairs > repairs, {
        timeoutMs: HEALED_WITHIN_MS,
      });
      await eventually('the host is in sync', () => agent.inSync(), { timeoutMs: HEALED_WITHIN_MS });
      expect(performance.now() - damagedAt).toBeLessThan(HEALED_WITHIN_MS);
      expect(agent.states(desired)).toEqual(['wired', 'wired', 'wired']);
    },
    20_000,
  );

  it('is as desired again within 5 s of ovs-vswitchd being back, and says meanwhile that the engine is away', async () => {
    process.kill(rig.ovs.pids.vswitchd!, 'SIGKILL');
    await rig.ovs.stopVswitchd();
    await eventually('the engine is away', () => !agent.reconciler.snapshot().engineUp, {
      timeoutMs: HEALED_WITHIN_MS,
    });
    expect(agent.states(desired)).toEqual(['error', 'error', 'error']);
    await rig.ovs.startVswitchd();
    const backAt = performance.now();
    await eventually('all are wired', () => agent.states(desired).every((state) => state === 'wired'), {
      timeoutMs: HEALED_WITHIN_MS,
    });
    expect(await agent.inSync()).toBe(true);
    expect(performance.now() - backAt).toBeLessThan(HEALED_WITHIN_MS);
  }, 60_000);

  it('finds nothing to do when the agent starts anew', async () => {
    await agent.stop();
    agent = new Agent(rig);
    await agent.reach(desired);
    expect(agent.batches).toEqual([]);
    expect(agent.states(desired)).toEqual(['wired', 'wired', 'wired']);
  }, 20_000);

  it('wires a burst of ports, set one after another, in few rounds', async () => {
    const { rounds } = agent.reconciler.snapshot().totals;
    let state = desired;
    let applied: Promise<number> = Promise.resolve(0);
    for (let i = 0; i < 50; i++) {
      state = { ...state, ports: [...state.ports, { ...aPort(group), hostId: state.host.id }] };
      applied = agent.reach(state);
      await new Promise(setImmediate);
    }
    await applied;
    expect(agent.states(state).every((one) => one === 'wired')).toBe(true);
    expect(agent.reconciler.snapshot().totals.rounds - rounds).toBeLessThan(10);
    await agent.reach(desired);
    expect(await agent.inSync()).toBe(true);
  }, 60_000);
});
