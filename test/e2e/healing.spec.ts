/** @needs root hugepages */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Item } from '@opendvs/api-client';
import { interfaceName } from '@opendvs/model';
import { eventually } from '@opendvs/testing';
import { FrameCount, Ping, ping, Storm } from '../../dataplane/traffic-vm/src';
import { Lab, type LabGuest } from './lab';

/** After whatever was broken is back. */
const HEALED_WITHIN_MS = 5000;
const THRESHOLD_PPS = 200;

describe('healing, with a VM that pings all the while', () => {
  let lab: Lab;
  let group: Item<'port-groups'>;
  let left: LabGuest, right: LabGuest;

  beforeAll(async () => {
    lab = await Lab.start();
    group = await lab.createGroup('patients', {
      vlanId: 50,
      broadcastSuppression: { arpBroadcast: { ratePps: THRESHOLD_PPS } },
    });
    [left, right] = (await lab.startGuests(
      { name: 'left', portGroup: group },
      { name: 'right', portGroup: group },
    )) as [LabGuest, LabGuest];
  }, 120_000);
  afterAll(() => lab?.stop(), 60_000);

  /** Pings throughout `work`, 20 times a second; nothing may be lost. */
  async function withoutLoss(work: (pings: Ping) => Promise<void>): Promise<void> {
    const pings = Ping.start(left.guest, right.address);
    await pings.answered();
    await work(pings);
    const { transmitted, received } = await pings.finish();
    expect(transmitted).toBeGreaterThan(10);
    expect({ lost: transmitted - received, of: transmitted }).toEqual({ lost: 0, of: transmitted });
  }
  const within = (what: string, condition: () => Promise<boolean>, timeoutMs = HEALED_WITHIN_MS) =>
    eventually(what, condition, { timeoutMs, intervalMs: 50 });
  const inSync = (timeoutMs = HEALED_WITHIN_MS) =>
    within('the host is as desired', () => lab.isInSync(), timeoutMs);
  const reachable = () =>
    within(
      'the VMs reach each other',
      async () => (await ping(left.guest, right.address, { count: 2, intervalSeconds: 0.1 })).received > 0,
    );
  const state = async () => (await lab.installation.api.collection('hosts').get(lab.host.id)).value.status;
  const setThreshold = (ratePps: number) =>
    lab.network.patch('port-groups', group.id, { broadcastSuppression: { arpBroadcast: { ratePps } } });
  /** The thing itself, not what anybody says of it: a storm arrives at the threshold. */
  async function expectSuppressed(ratePps = THRESHOLD_PPS): Promise<void> {
    const seconds = 3;
    const count = await FrameCount.start(right.guest, { seconds: 30 });
    const sent = await Storm.start(left.guest, {
      kind: 'arp',
      packetsPerSecond: 2000,
      frameBytes: 64,
      seconds,
    }).sent();
    count.stop();
    const { arp } = await count.total();
    if (Math.abs(arp.packets / (ratePps * seconds) - 1) <= 0.15) return;
    const told = [
      sent,
      arp,
      await lab.settledCounters(left.port.id),
      await lab.settledCounters(right.port.id),
    ];
    const meters = `${await lab.ofctl('dump-meters')}${await lab.ofctl('meter-stats')}`;
    throw new Error(
      `${arp.packets} arrived in ${seconds} s at ${ratePps}/s: ${JSON.stringify(told, null, 1)}\n${meters}`,
    );
  }

  it('starts in sync', async () => {
    await inSync();
    await expectSuppressed();
  }, 30_000);

  it('loses nothing when the agent is killed and started again', async () => {
    await withoutLoss(async () => {
      const { since } = await state();
      const [before] = lab.host.agent.pids;
      lab.host.agent.kill();
      await within(
        'the agent was started again',
        async () => lab.host.agent.pids.length === 1 && lab.host.agent.pids[0] !== before,
      );
      await setThreshold(THRESHOLD_PPS + 1); // acknowledged by the new agent
      await inSync();
      expect(Date.parse((await state()).since)).toBeGreaterThanOrEqual(Date.parse(since));
      await setThreshold(THRESHOLD_PPS);
    });
    await expectSuppressed();
  }, 60_000);

  it('loses nothing while the agent is away, and takes up what was changed meanwhile', async () => {
    await withoutLoss(async (pings) => {
      await lab.host.agent.stop();
      await pings.answered(40);
      await lab.installation.api
        .collection('port-groups')
        .patch(group.id, { broadcastSuppression: { arpBroadcast: { ratePps: 300 } } }, '*');
      await lab.host.agent.start();
      await inSync();
    });
    await expectSuppressed(300);
    await setThreshold(THRESHOLD_PPS);
  }, 60_000);

  it('brings flows and meters back after a restart of ovs-vswitchd', async () => {
    await lab.ovs.running.stopVswitchd();
    await lab.ovs.running.startVswitchd();
    await reachable();
    await inSync();
    await expectSuppressed();
    await lab.network.untilState(left.port.id, 'connected');
  }, 60_000);

  it('recovers from the death of ovs-vswitchd', async () => {
    const { vswitchd } = lab.ovs.running.pids;
    process.kill(vswitchd!, 'SIGKILL');
    await within(
      'ovs-vswitchd was started again',
      async () => ![null, vswitchd].includes(lab.ovs.running.pids.vswitchd),
      10_000,
    );
    await reachable();
    await inSync();
    await expectSuppressed();
  }, 60_000);

  it('loses nothing when ovsdb-server dies, and follows it when it is back', async () => {
    await withoutLoss(async (pings) => {
      const { ovsdbServer } = lab.ovs.running.pids;
      process.kill(ovsdbServer, 'SIGKILL');
      await within(
        'ovsdb-server was started again',
        async () => lab.ovs.running.pids.ovsdbServer !== ovsdbServer,
        10_000,
      );
      await pings.answered(20);
      await setThreshold(THRESHOLD_PPS + 1);
      await inSync();
      await setThreshold(THRESHOLD_PPS);
    });
    await expectSuppressed();
  }, 60_000);

  it('makes a port again that somebody deleted', async () => {
    await lab.vsctl('del-port', interfaceName(right.port.id));
    await reachable();
    await inSync();
    await lab.network.untilState(right.port.id, 'connected');
  }, 60_000);

  it('makes flows again that somebody deleted', async () => {
    await lab.ofctl('del-flows');
    await reachable();
    await inSync();
    await expectSuppressed();
  }, 60_000);

  it('makes meters again that somebody deleted', async () => {
    await lab.ofctl('del-meters');
    await within('the meters are back', async () => (await lab.ofctl('dump-meters')).includes('meter='));
    await inSync();
    await expectSuppressed();
  }, 60_000);

  it('puts a VLAN back that somebody changed', async () => {
    await lab.vsctl('set', 'Port', interfaceName(right.port.id), 'tag=51');
    await within(
      'the VLAN is back',
      async () => (await lab.vsctl('get', 'Port', interfaceName(right.port.id), 'tag')).trim() === '50',
    );
    await reachable();
  }, 60_000);

  it('leaves ports, flows and bridges of others alone', async () => {
    await lab.vsctl('add-br', 'br-foreign', '--', 'set', 'Bridge', 'br-foreign', 'datapath_type=netdev');
    await lab.vsctl(
      'add-port',
      lab.bridge,
      'foreign0',
      '--',
      'set',
      'Interface',
      'foreign0',
      'type=internal',
    );
    await setThreshold(THRESHOLD_PPS + 1);
    await setThreshold(THRESHOLD_PPS);
    await inSync();
    expect(await lab.vsctl('list-ports', lab.bridge)).toContain('foreign0');
    expect(await lab.vsctl('list-br')).toContain('br-foreign');
    await lab.vsctl('del-br', 'br-foreign');
    await lab.vsctl('del-port', lab.bridge, 'foreign0');
  }, 60_000);

  it('loses nothing while NATS is away, and takes up what was changed meanwhile', async () => {
    const { nats, api } = lab.installation;
    await withoutLoss(async () => {
      await nats.stop();
      await api
        .collection('port-groups')
        .patch(group.id, { broadcastSuppression: { arpBroadcast: { ratePps: 400 } } }, '*');
      await within('the host is shown down', async () => (await state()).state !== 'alive');
      await nats.start();
      await within('the host is alive', async () => (await state()).state === 'alive');
      await inSync();
    });
    await expectSuppressed(400);
    await setThreshold(THRESHOLD_PPS);
  }, 60_000);

  it('loses nothing when the store of JetStream is wiped, and fills it again', async () => {
    const { nats } = lab.installation;
    await withoutLoss(async (pings) => {
      await nats.stop();
      await pings.answered(40);
      rmSync(join(lab.runDir, 'nats/jetstream'), { recursive: true, force: true });
      await nats.start();
      await within('the host is alive', async () => (await state()).state === 'alive');
      await setThreshold(500);
      await inSync();
    });
    await expectSuppressed(500);
    await setThreshold(THRESHOLD_PPS);
  }, 60_000);

  it('loses nothing while PostgreSQL is away, refuses edits meanwhile, and takes them after', async () => {
    const { postgres, api } = lab.installation;
    await withoutLoss(async (pings) => {
      await postgres.stop();
      await pings.answered(40);
      const refused = await fetch(`${lab.installation.apiUrl}/readyz`);
      expect(refused.status).toBe(503);
      await postgres.start();
      await within('the manager is ready', async () => (await fetch(`${lab.installation.apiUrl}/readyz`)).ok);
      await api
        .collection('port-groups')
        .patch(group.id, { description: 'after PostgreSQL was away' }, '*', { waitMs: HEALED_WITHIN_MS });
      await inSync();
    });
  }, 60_000);

  it('keeps every edit that it confirmed when the manager is killed in a burst of 200', async () => {
    const { manager, api } = lab.installation;
    const groups = api.collection('port-groups');
    await withoutLoss(async () => {
      const confirmed: string[] = [];
      const burst = Array.from({ length: 200 }, async (_, index) => {
        const { value } = await groups.create({
          switchId: lab.vswitch.id,
          name: `burst-${index}`,
          vlanId: 1 + index,
        });
        confirmed.push(value.id);
        if (confirmed.length === 50) manager.kill();
      });
      await Promise.allSettled(burst);
      expect(confirmed.length).toBeGreaterThanOrEqual(50);
      await within(
        'the manager is back',
        async () => (await fetch(`${lab.installation.apiUrl}/readyz`)).ok,
        15_000,
      );
      const kept = new Set<string>();
      for await (const { id } of groups.all({ nameContains: 'burst-' })) kept.add(id);
      expect(confirmed.filter((id) => !kept.has(id))).toEqual([]);
      await setThreshold(600); // the host acknowledges everything up to here
      await inSync();
      for (const id of kept) await groups.delete(id, { ifMatch: '*' });
    });
    await expectSuppressed(600);
  }, 120_000);
});
