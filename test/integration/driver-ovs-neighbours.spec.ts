/**
 * @needs root hugepages
 * Real OVS-DPDK that isn't ours alone, or doesn't do what it is told: others' bridges, ports, flows and meters, names that are taken,
 * ports that vswitchd loses, bonds.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { DriverEvent, HostDesired, LivePort } from '@opendvs/dataplane';
import type { OvsDriver } from '@opendvs/driver-ovs';
import { bridgeName, interfaceName, type UplinkGroup } from '@opendvs/model';
import {
  aHostDesired,
  anId,
  aPort,
  aPortGroup,
  aSuppression,
  aSwitch,
  anUplinkGroup,
  eventually,
  withEdit,
  withoutPort,
} from '@opendvs/testing';
import { OvsRig } from './driver-ovs-rig';

const HOST_ID = anId();
const dvs = aSwitch();
const bridge = bridgeName(dvs.id);
const group = aPortGroup(dvs, {
  broadcastSuppression: aSuppression({ multicast: { unit: 'pps', rate: 10 } }),
});
const [port, other] = [aPort(group), aPort(group)];

describe('Open vSwitch shared with others', () => {
  let rig: OvsRig;
  let driver: OvsDriver;
  let stop: AbortController;
  let events: DriverEvent[];

  beforeAll(async () => {
    rig = await OvsRig.start();
    for (const nic of ['up0', 'up1', 'other0']) await rig.addNic(nic);
  }, 60_000);
  beforeEach(async () => {
    driver = rig.newDriver(null);
    stop = new AbortController();
    events = [];
    await driver.open(stop.signal);
    void listen(driver, stop.signal, events);
  });
  afterEach(async () => {
    await rig.converge(driver, aHostDesired({ host: { id: HOST_ID } }));
    stop.abort();
    await driver.close();
    for (const name of (await rig.vsctl('list-br')).split('\n').filter(Boolean))
      await rig.vsctl('del-br', name);
  }, 20_000);
  afterAll(() => rig?.stop());

  const world = (ports = [port], uplink?: UplinkGroup): HostDesired =>
    aHostDesired({
      host: { id: HOST_ID, engine: 'ovs-dpdk', vhostSocketDir: rig.folder },
      switches: [dvs],
      portGroups: [group],
      ports,
      uplinks: uplink ? { [dvs.id]: uplink } : {},
    });
  const inSync = async (desired: HostDesired) => expect(await rig.converge(driver, desired)).toEqual({});

  describe('names that are taken', () => {
    it('takes over no bridge of the same name, and says so', async () => {
      await rig.vsctl(
        'add-br',
        bridge,
        '--',
        'set',
        'Bridge',
        bridge,
        'datapath_type=netdev',
        'external_ids:owner=somebody',
      );
      const errors = await rig.converge(driver, world());
      expect(errors[`bridge/${bridge}`]).toMatch(/exists and is not OpenDVS's.*ovs-vsctl del-br/);
      expect(await rig.vsctl('get', 'Bridge', bridge, 'external_ids', 'fail_mode')).toBe(
        '{owner=somebody}\n[]\n',
      );
      expect(await rig.ofctl('--no-stats', 'dump-flows', bridge)).toBe(' priority=0 actions=NORMAL\n');
      await rig.vsctl('del-br', bridge);
      await inSync(world());
    });

    it('takes over no port of the same name, and makes the others', async () => {
      const name = interfaceName(port.id);
      await rig.vsctl('add-br', 'br-foreign', '--', 'set', 'Bridge', 'br-foreign', 'datapath_type=netdev');
      await rig.vsctl('add-port', 'br-foreign', name, '--', 'set', 'Interface', name, 'type=internal');
      const errors = await rig.converge(driver, world([port, other]));
      expect(errors[`port/${name}`]).toMatch(/already exists on bridge br-foreign/);
      expect(Object.keys(errors).some((key) => key.includes(interfaceName(other.id)))).toBe(false);
      expect(await rig.vsctl('get', 'Interface', name, 'type')).toBe('internal\n');
      await rig.vsctl('del-port', name);
      await inSync(world([port, other]));
    });

    it('takes no NIC that is in another bridge, and names that', async () => {
      await rig.vsctl('add-br', 'br-foreign', '--', 'set', 'Bridge', 'br-foreign', 'datapath_type=netdev');
      await rig.vsctl('add-port', 'br-foreign', 'up0');
      const errors = await rig.converge(driver, world([port], anUplinkGroup([{ kernelName: 'up0' }])));
      expect(errors[`uplink/${bridge}`]).toMatch(/interface up0 is already in port up0 of bridge br-foreign/);
      expect((await rig.vsctl('list-ports', 'br-foreign')).trim()).toBe('up0');
    });

    it('takes no port number from another port, and works on when that has gone', async () => {
      await inSync(world([]));
      await rig.vsctl(
        'add-port',
        bridge,
        'other0',
        '--',
        'set',
        'Interface',
        'other0',
        `ofport_request=${port.number}`,
      );
      const errors = await rig.converge(driver, world([port, other]));
      expect(errors[`port/${interfaceName(port.id)}`]).toMatch(
        /is held by interface other0: give that one another number/,
      );
      expect(Object.keys(errors).some((key) => key.includes(interfaceName(other.id)))).toBe(false);
      expect(await rig.ofctl('--no-stats', 'dump-flows', bridge)).not.toContain(`in_port=${port.number} `);
      await rig.vsctl('del-port', 'other0');
      await inSync(world([port, other]));
    });
  });

  describe("others' things on our bridge", () => {
    const foreignThings = async () => [
      await rig.vsctl('--columns=name,tag,external_ids', 'list', 'Port', 'other0'),
      await rig.ofctl('--no-stats', 'dump-flows', bridge, 'cookie=0x77/-1'),
      (await rig.ofctl('dump-meters', bridge))
        .split('\n')
        .filter((line) => line.includes('meter=3 '))
        .join(),
    ];

    it('are neither seen nor touched, and only stand in the way of deleting the bridge', async () => {
      await inSync(world());
      await rig.vsctl(
        'add-port',
        bridge,
        'other0',
        'tag=9',
        '--',
        'set',
        'Port',
        'other0',
        'external_ids:owner=somebody',
        ...['--', 'set', 'Interface', 'other0', 'ofport_request=65000'],
      );
      await rig.ofctl('add-meter', bridge, 'meter=3,pktps,burst,stats,band=type=drop,rate=5,burst_size=5');
      await rig.ofctl(
        'add-flow',
        bridge,
        'table=0,cookie=0x77,priority=7,in_port=999,actions=meter:3,NORMAL',
      );
      const before = await foreignThings();
      expect(before.every((text) => text.trim() !== '')).toBe(true);
      await inSync(world([port, other]));
      await inSync(withEdit(world([port]), 'portGroups', group.id, { vlan: { type: 'access', vlanId: 5 } }));
      expect(await foreignThings()).toEqual(before);
      const observed = await driver.observe({ audit: true }, stop.signal);
      expect(
        JSON.stringify(observed, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)),
      ).not.toMatch(/other0|0x77|"id":3\b/);

      const errors = await rig.converge(driver, aHostDesired({ host: { id: HOST_ID } }));
      expect(Object.values(errors)).toEqual([
        expect.stringMatching(/still has 1 port.* that OpenDVS doesn't know/),
      ]);
      expect(await foreignThings()).toEqual(before);
      await rig.vsctl('del-port', 'other0');
      await inSync(aHostDesired({ host: { id: HOST_ID } }));
      expect(await rig.vsctl('list-br')).toBe('');
    });

    it('keeps what others have written into our rows', async () => {
      const name = interfaceName(port.id);
      await inSync(world());
      await rig.vsctl('set', 'Port', name, 'external_ids:note=mine', 'other_config:priority-tags=always');
      await rig.vsctl('set', 'Interface', name, 'options:tx-retries-max=0', 'ingress_policing_rate=7');
      await inSync(withEdit(world(), 'portGroups', group.id, { vlan: { type: 'access', vlanId: 5 } }));
      expect(await rig.vsctl('get', 'Port', name, 'external_ids:note', 'other_config', 'tag')).toBe(
        'mine\n{priority-tags=always}\n5\n',
      );
      expect(
        await rig.vsctl('get', 'Interface', name, 'options:tx-retries-max', 'ingress_policing_rate'),
      ).toBe('"0"\n7\n');
    });
  });

  describe('says by events', () => {
    const drifts = () => events.flatMap((event) => (event.type === 'drift' ? event.what : []));
    /** Everything that was under way has been told. */
    const calm = async () => {
      await pause(300);
      events.length = 0;
    };

    it.each([
      ['a port is deleted', () => rig.vsctl('del-port', interfaceName(port.id)), /port\/dv/],
      ['a VLAN is changed', () => rig.vsctl('set', 'Port', interfaceName(port.id), 'tag=66'), /port\/dv/],
      ['the bridge is deleted', () => rig.vsctl('del-br', bridge), /bridge/],
      ['flows are deleted', () => rig.ofctl('del-flows', bridge), /flows of bridge/],
      [
        'a meter is deleted',
        () => rig.ofctl('del-meter', bridge, `meter=${port.number * 4 + 3}`),
        /flows of bridge/,
      ],
      [
        'a port is deleted from the datapath',
        () => rig.appctl('dpctl/del-if', 'netdev@ovs-netdev', interfaceName(port.id)),
        /OpenFlow port/,
      ],
    ])('that %s by somebody else', async (_what, tamper, expected) => {
      await inSync(world());
      await calm();
      await tamper();
      await eventually('drift is told', () => drifts().some((what) => expected.test(what)));
    });

    it('nothing of its own work', async () => {
      await inSync(world());
      await calm();
      await inSync(world([port, other]));
      await inSync(
        withEdit(world([port, other]), 'portGroups', group.id, {
          vlan: { type: 'access', vlanId: 5 },
          broadcastSuppression: aSuppression({}),
        }),
      );
      await inSync(withoutPort(world([port, other]), other.id));
      await inSync(aHostDesired({ host: { id: HOST_ID } }));
      await pause(300);
      expect(drifts()).toEqual([]);
    });

    it('nothing of what others do with their own things', async () => {
      await inSync(world());
      await calm();
      await rig.vsctl('add-br', 'br-foreign', '--', 'set', 'Bridge', 'br-foreign', 'datapath_type=netdev');
      await rig.vsctl('add-port', bridge, 'other0', 'tag=9');
      await rig.ofctl('add-flow', bridge, 'table=0,cookie=0x77,priority=7,in_port=999,actions=drop');
      await pause(300);
      expect(drifts()).toEqual([]);
      await rig.vsctl('del-port', 'other0');
    });
  });

  it('switches on a NIC that was off when it becomes an uplink, and leaves one alone that is switched off later', async () => {
    const flagsOf = async (nic: string) =>
      /<(.*)>/.exec(await rig.inNetwork('ip', 'link', 'show', nic))![1]!.split(',');
    await rig.inNetwork('ip', 'link', 'set', 'up1', 'down');
    const desired = world([port], anUplinkGroup([{ kernelName: 'up1' }]));
    await inSync(desired);
    expect(await flagsOf('up1')).toContain('UP');
    await rig.inNetwork('ip', 'link', 'set', 'up1', 'down');
    await inSync(desired);
    expect(await flagsOf('up1')).not.toContain('UP');
    await rig.inNetwork('ip', 'link', 'set', 'up1', 'up');
  });

  it('says which NIC cannot carry the MTU of its switch', async () => {
    await rig.inNetwork(
      'ip',
      'link',
      'add',
      'link',
      'other0',
      'name',
      'small0',
      'type',
      'macvlan',
      'mode',
      'bridge',
    );
    const desired = world([port], anUplinkGroup([{ kernelName: 'small0' }]));
    await inSync(desired);
    const jumbo = withEdit(desired, 'switches', dvs.id, { mtuBytes: 9000 });
    const failed = {
      [`uplink/${bridge}`]: expect.stringMatching(/small0 carries an MTU of 1500 and not the 9000/) as string,
    };
    expect(await rig.converge(driver, jumbo)).toMatchObject(failed);
    expect(await rig.converge(driver, jumbo)).toMatchObject(failed);
    await inSync(desired);
    await rig.converge(driver, aHostDesired({ host: { id: HOST_ID } }));
    await rig.inNetwork('ip', 'link', 'del', 'small0');
  });

  it.each([
    [
      'active-backup',
      { bondMode: 'active-backup', primary: 'up1' },
      /bond_mode: active-backup[^]*active-backup primary: up1/,
    ],
    ['balance-slb', { bondMode: 'balance-slb' }, /bond_mode: balance-slb/],
    [
      'LACP',
      { bondMode: 'lacp', lacp: { mode: 'active', rate: 'fast' } },
      /bond_mode: balance-tcp[^]*lacp_status: negotiated|lacp_status: configured/,
    ],
  ] as const)('bonds two NICs by %s', async (_title, said, shown) => {
    const nics = [{ kernelName: 'up0' }, { kernelName: 'up1' }];
    await inSync(world([port], anUplinkGroup(nics, said)));
    expect(await rig.appctl('bond/show', bridge.replace('br-', 'up-'))).toMatch(shown);
    if (said.bondMode === 'lacp')
      expect(await rig.appctl('lacp/show', bridge.replace('br-', 'up-'))).toMatch(
        /active[^]*lacp_time: fast/,
      );
  });
});

describe('Open vSwitch without memory for a VM', () => {
  it('says that a port was lost, why, and what to do, and does not disturb the others by trying on and on', async () => {
    const dpdk = {
      lcoreMask: '0x1',
      pmdCpuMask: '0x2',
      socketMemMib: 32,
      extra: '--no-pci --socket-limit 32',
    };
    const rig = await OvsRig.start({ dpdk });
    const driver = rig.newDriver(null);
    const stop = new AbortController();
    const events: DriverEvent[] = [];
    try {
      await driver.open(stop.signal);
      void listen(driver, stop.signal, events);
      const desired = aHostDesired({
        host: { id: HOST_ID, engine: 'ovs-dpdk', vhostSocketDir: rig.folder },
        switches: [dvs],
        portGroups: [group],
        ports: [port],
      });
      expect(await rig.converge(driver, desired)).toEqual({});
      await rig.connectGuest(port.id);
      const live = await eventually('the port is faulty', async (): Promise<LivePort | undefined> => {
        const [one] = await driver.readPorts(stop.signal);
        return one?.link === 'faulty' ? one : undefined;
      });
      expect(live?.reason).toMatch(/has dropped port dv.*dpdk-socket-mem.*librte-meta-mempool/);
      expect(await rig.vsctl('get', 'Interface', interfaceName(port.id), 'ofport', 'error')).toBe(
        `${port.number}\n[]\n`,
      );
      await eventually('that was told', () =>
        events.some((event) => event.type === 'ports-changed' && event.portIds.includes(port.id)),
      );
      await rig.converge(driver, desired); // makes it again, and it is lost again
      await eventually(
        'the port is lost again',
        async () => (await driver.readPorts(stop.signal))[0]?.link === 'faulty',
      );
      expect(Object.values(await rig.converge(driver, desired))).toEqual([
        expect.stringMatching(/has dropped port/),
      ]);
    } finally {
      stop.abort();
      await driver.close();
      await rig.stop();
    }
  }, 60_000);
});

async function listen(driver: OvsDriver, signal: AbortSignal, events: DriverEvent[]): Promise<void> {
  for await (const event of driver.events(signal)) events.push(event);
}
