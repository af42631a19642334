/** @needs root hugepages */
import { eventually, FakeManager } from '@opendvs/testing';
import { bridgeName, NO_SUPPRESSION, type PortGroup } from '@opendvs/model';
import { AgentRig } from './host-agent.rig';
import { OvsRig } from './driver-ovs-rig';

jest.setTimeout(120_000);

let ovs: OvsRig;
let rig: AgentRig;
beforeAll(async () => {
  ovs = await OvsRig.start();
  rig = await AgentRig.start({
    engine: 'ovs-dpdk',
    ovsdbSocket: ovs.ovs.ovsdbSocket,
    ovsRundir: ovs.folder,
    vhostSocketDir: `${ovs.folder}/vhost`,
    vhostSocketUser: 'games',
    vhostSocketGroup: 'games',
  });
});
afterAll(async () => {
  await rig?.dispose();
  await ovs?.stop();
});

async function fillWith(count: number): Promise<{ manager: FakeManager; bridge: string; group: PortGroup }> {
  const { manager, config } = rig;
  const dvs = await manager.putSwitch();
  const group = await manager.putPortGroup(dvs, {
    broadcastSuppression: { ...NO_SUPPRESSION, arpBroadcast: { unit: 'pps', rate: 100 } },
  });
  for (let number = 1; number <= count; number++) await manager.putPort(group, { number });
  await manager.putHost([dvs], { engine: 'ovs-dpdk', vhostSocketDir: config.vhostSocketDir });
  await manager.putMeta();
  return { manager, group, bridge: bridgeName(dvs.id) };
}

/** All that Open vSwitch has of the bridge, without what only counts. */
async function allOf(bridge: string): Promise<string> {
  const [flows, meters, ports, interfaces] = await Promise.all([
    ovs.ofctl('--no-stats', 'dump-flows', `unix:${ovs.folder}/${bridge}.mgmt`),
    ovs.ofctl('dump-meters', `unix:${ovs.folder}/${bridge}.mgmt`),
    ovs.vsctl('--columns=_uuid,name,tag,trunks,external_ids', 'list', 'Port'),
    ovs.vsctl('--columns=_uuid,name,type,options,ofport,external_ids', 'list', 'Interface'),
  ]);
  return [flows, meters, ports, interfaces].join('\n');
}

describe('an agent on Open vSwitch', () => {
  it('wires ports, and is killed and started again without the bus without changing anything', async () => {
    const { bridge } = await fillWith(50);
    await rig.spawnAgent();
    await rig.untilApplied();
    expect([...rig.reports.ports.values()].filter(({ state }) => state === 'wired')).toHaveLength(50);
    const before = await allOf(bridge);
    expect(before).toMatch(/meter/);
    rig.kill();
    await rig.untilGone();
    await rig.stopBus();
    await rig.spawnAgent();
    const status = await eventually('a round is over', async () => {
      const now = await rig.status();
      return now.totals.rounds > 0 && now;
    });
    expect(status).toMatchObject({
      desiredState: { state: 'cached' },
      ports: { wired: 50 },
      totals: { stepsApplied: 0 },
      problems: [],
    });
    expect(await allOf(bridge)).toBe(before);
    await rig.startBus();
    await eventually(
      'it is current again',
      async () => (await rig.status()).desiredState.state === 'current',
    );
    expect((await rig.status()).totals.stepsApplied).toBe(0);
    expect(await allOf(bridge)).toBe(before);
  });
});
