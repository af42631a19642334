/**
 * @needs root hugepages
 * Meters, counters and events of libs/openflow against a real ovs-vswitchd.
 */
import { once } from 'node:events';
import type { Action, Flow, FlowChange, Meter, PortChange } from '@opendvs/openflow';
import {
  applyBundle,
  applyMeterMods,
  connect,
  flowKey,
  monitorFlows,
  monitorPorts,
  readFlows,
  readMeters,
  readMeterStats,
  readPorts,
  readPortStats,
  ReservedPort,
} from '@opendvs/openflow';
import { Collector, flow, OpenflowRig, PORTS } from './openflow-rig';

const NORMAL: Action = { type: 'output', port: ReservedPort.NORMAL };
const BROADCAST = 'ff:ff:ff:ff:ff:ff';

const rig = new OpenflowRig();

beforeAll(() => rig.start(), 60_000);
afterEach(() => rig.deleteAll());
afterAll(() => rig.stop(), 30_000);

describe('meters', () => {
  const meter = (id: number, given: Partial<Meter> = {}): Meter => ({
    id,
    unit: 'pktps',
    bands: [{ rate: 2, burst: 2 }],
    ...given,
  });
  const statsOf = async (id: number) =>
    (await readMeterStats(rig.connection)).find((stats) => stats.id === id);

  it('read back as they were written', async () => {
    const meters: Meter[] = [
      meter(1),
      meter(2, { unit: 'kbps', bands: [{ rate: 5, burst: 13 }] }),
      meter(0xffff_0000),
    ];
    expect(
      await applyMeterMods(
        rig.connection,
        meters.map((m) => ({ command: 'add', meter: m })),
      ),
    ).toEqual([null, null, null]);
    expect((await readMeters(rig.connection)).sort((a, b) => a.id - b.id)).toEqual(meters);
    const changed = meter(2, { unit: 'pktps', bands: [{ rate: 9, burst: 1 }] });
    await applyMeterMods(rig.connection, [
      { command: 'modify', meter: changed },
      { command: 'delete', meter: { id: 1 } },
    ]);
    expect((await readMeters(rig.connection)).sort((a, b) => a.id - b.id)).toEqual([
      changed,
      meter(0xffff_0000),
    ]);
  });

  it('are refused each by itself', async () => {
    const results = await applyMeterMods(rig.connection, [
      { command: 'modify', meter: meter(1) },
      { command: 'add', meter: meter(2) },
      { command: 'add', meter: meter(2) },
      { command: 'delete', meter: { id: 3 } },
      { command: 'add', meter: meter(0) },
    ]);
    expect(results.map((error) => error?.errorName ?? null)).toEqual([
      'OFPMMFC_UNKNOWN_METER',
      null,
      'OFPMMFC_METER_EXISTS',
      null,
      'OFPMMFC_INVALID_METER',
    ]);
    expect(await readMeters(rig.connection)).toEqual([meter(2)]);
  });

  it('count what comes in and what they drop, and start anew when they are modified', async () => {
    const slow = meter(1, { bands: [{ rate: 1, burst: 1 }] });
    await applyMeterMods(rig.connection, [{ command: 'add', meter: slow }]);
    await rig.add([flow({ match: { inPort: 1 }, instructions: { meter: 1 } })]);
    rig.receiveBroadcast(1, 8, 100);
    const before = await statsOf(1);
    expect(before).toMatchObject({ flows: 1, packets: 8, bytes: 800 });
    // One frame a second passes, and the eight came within much less than six seconds.
    expect(before?.bands[0]?.packets).toBeGreaterThanOrEqual(2);
    expect(before?.bands[0]?.bytes).toBe(before!.bands[0]!.packets * 100);
    await applyMeterMods(rig.connection, [{ command: 'modify', meter: slow }]);
    const after = await statsOf(1);
    expect(after).toMatchObject({ packets: 0, bytes: 0, bands: [{ packets: 0, bytes: 0 }] });
    expect(after?.durationMs).toBeGreaterThanOrEqual(before!.durationMs);
  });

  it('take the flows that use them along when they are deleted', async () => {
    await applyMeterMods(rig.connection, [{ command: 'add', meter: meter(1) }]);
    await rig.add([flow({ table: 1, instructions: { meter: 1 } }), flow({ table: 2 })]);
    await applyMeterMods(rig.connection, [{ command: 'delete', meter: { id: 1 } }]);
    expect((await readFlows(rig.connection)).map(({ table }) => table)).toEqual([2]);
  });

  const observed: { inPort: number; ethDst: string } = { inPort: 1, ethDst: BROADCAST };
  const forward = flow({ table: 60, priority: 0, instructions: { apply: [NORMAL] } });

  // Two ways to count what is above a rate without dropping it, as OpenFlow knows meters that drop and no others.
  it.each<{ way: string; flows: Flow[] }>([
    {
      way: 'the frame is forwarded first and then sent through the meter',
      flows: [
        flow({
          match: { inPort: 1 },
          instructions: {
            apply: [
              { type: 'resubmit', table: 60 },
              { type: 'setField', field: 'reg0', value: 1 },
            ],
            gotoTable: 10,
          },
        }),
        flow({ table: 10, match: observed, instructions: { meter: 1, gotoTable: 60 } }),
        flow({ table: 60, priority: 10, match: { reg0: 1 } }),
        forward,
      ],
    },
    {
      way: 'a true copy of the frame is sent through the meter',
      flows: [
        flow({
          match: observed,
          instructions: {
            apply: [
              {
                type: 'clone',
                actions: [
                  { type: 'resubmit', table: 11 },
                  { type: 'outputTruncated', port: 1, maxBytes: 14 },
                ],
              },
            ],
            gotoTable: 60,
          },
        }),
        flow({ table: 11, match: observed, instructions: { meter: 1 } }),
        forward,
      ],
    },
  ])('only observe, when $way', async ({ flows }) => {
    await applyMeterMods(rig.connection, [
      { command: 'add', meter: meter(1, { bands: [{ rate: 1, burst: 1 }] }) },
    ]);
    await rig.add(flows);
    const sentTo = async (port: number): Promise<number> => {
      const stats = await readPortStats(rig.connection);
      return stats.find((entry) => entry.port === port)!.txPackets!;
    };
    const before = [await sentTo(1), await sentTo(2), await sentTo(3)];
    rig.receiveBroadcast(1, 8);
    const stats = await statsOf(1);
    expect(stats?.packets).toBe(8);
    expect(stats?.bands[0]?.packets).toBeGreaterThanOrEqual(2);
    // Every frame has arrived at both other ports, once.
    expect([await sentTo(1), await sentTo(2), await sentTo(3)]).toEqual([
      before[0],
      before[1]! + 8,
      before[2]! + 8,
    ]);
  });
});

describe('news', () => {
  it('of flows tells what others do, in order, and not what we do', async () => {
    const own = await connect(rig.socketPath);
    const changes = new Collector<FlowChange>();
    await monitorFlows(own, changes.add);
    await applyBundle(
      own,
      [1, 2, 3].map((table) => ({ command: 'add', flow: flow({ table }) })),
    );
    await applyBundle(own, [
      { command: 'modify', flow: flow({ table: 1, instructions: { apply: [NORMAL] } }) },
      { command: 'delete', flow: flow({ table: 3 }) },
    ]);
    rig.ofctl('add-flow', 'table=8,cookie=0x77,priority=5,in_port=2,actions=drop');
    rig.ofctl('mod-flows', 'table=2,priority=100,actions=NORMAL');
    rig.ofctl('del-flows', 'table=1,priority=100');
    await changes.until(({ length }) => length >= 3);
    own.close();
    expect(changes.items).toEqual([
      { type: 'added', key: flowKey({ table: 8, priority: 5, match: { inPort: 2 } }), cookie: 0x77n },
      { type: 'modified', key: flowKey(flow({ table: 2 })), cookie: 0xd5n },
      { type: 'removed', key: flowKey(flow({ table: 1 })), cookie: 0xd5n },
    ]);
  });

  it('of flows tells when the switch had to leave some out, because we did not read for a while', async () => {
    const own = await connect(rig.socketPath);
    const changes = new Collector<FlowChange>();
    await monitorFlows(own, changes.add);
    const flows = Array.from({ length: 6000 }, (_, i) => `table=9,in_port=${i + 1},actions=drop`);
    rig.ofctl('add-flows', rig.file('many-flows', flows.join('\n')));
    await changes.until((items) => items.some(({ type }) => type === 'resumed'));
    own.close();
    expect(changes.items.map(({ type }) => type)).toContain('paused');
  });

  it('of flows tells of those that went with their meter', async () => {
    const own = await connect(rig.socketPath);
    const changes = new Collector<FlowChange>();
    await monitorFlows(own, changes.add);
    await applyMeterMods(own, [
      { command: 'add', meter: { id: 1, unit: 'pktps', bands: [{ rate: 1, burst: 1 }] } },
    ]);
    await applyBundle(own, [{ command: 'add', flow: flow({ instructions: { meter: 1 } }) }]);
    await applyMeterMods(own, [{ command: 'delete', meter: { id: 1 } }]);
    await changes.until(({ length }) => length > 0);
    own.close();
    expect(changes.items).toEqual([{ type: 'removed', key: flowKey(flow({})), cookie: 0xd5n }]);
  });

  it('of ports tells when they come, change and go', async () => {
    const own = await connect(rig.socketPath);
    const changes = new Collector<PortChange>();
    await monitorPorts(own, changes.add);
    const until = (reason: PortChange['reason'], linkDown: boolean): Promise<void> =>
      changes.until((items) =>
        items.some(
          (change) => change.reason === reason && change.port.port === 9 && change.port.linkDown === linkDown,
        ),
      );
    rig.addPort('p9', 9);
    await until('add', true);
    rig.inNetwork('ip', 'link', 'set', 'p9', 'up');
    await until('modify', false);
    rig.vsctl('del-port', 'p9');
    await changes.until((items) =>
      items.some(({ reason, port }) => reason === 'delete' && port.name === 'p9'),
    );
    own.close();
    expect((await readPorts(rig.connection)).map(({ name }) => name).sort()).toEqual(['br0', ...PORTS]);
  });

  it('of the end comes within five seconds when ovs-vswitchd hangs', async () => {
    const doomed = await connect(rig.socketPath);
    const closed = once(doomed, 'close');
    const start = performance.now();
    process.kill(rig.ovs.pids.vswitchd!, 'SIGSTOP');
    try {
      expect((await closed)[0]).toMatchObject({ message: 'no word for more than 4 s' });
      expect(performance.now() - start).toBeLessThan(5100);
    } finally {
      process.kill(rig.ovs.pids.vswitchd!, 'SIGCONT');
    }
    rig.connection.close();
    rig.connection = await connect(rig.socketPath);
  }, 15_000);

  it('of the end comes at once when ovs-vswitchd is killed', async () => {
    const doomed = await connect(rig.socketPath);
    const closed = once(doomed, 'close');
    const start = performance.now();
    await rig.ovs.stopVswitchd();
    expect((await closed)[0]).toBeInstanceOf(Error);
    expect(performance.now() - start).toBeLessThan(2000);
    await rig.ovs.startVswitchd();
    rig.connection.close();
    rig.connection = await connect(rig.socketPath);
    expect(await readFlows(rig.connection)).toEqual([]);
  }, 30_000);
});
