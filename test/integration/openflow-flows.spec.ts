/**
 * @needs root hugepages
 * Flows and bundles of libs/openflow against a real ovs-vswitchd.
 */
import { join } from 'node:path';
import fc from 'fast-check';
import type { Action } from '@opendvs/openflow';
import {
  applyBundle,
  BundleError,
  connect,
  decodeFlow,
  flowBody,
  flowKey,
  formatFlow,
  readFlowAggregate,
  readFlows,
  applyMeterMods,
  ReservedPort,
  VersionMismatchError,
} from '@opendvs/openflow';
import recordedFlows from '../../libs/openflow/test-vectors/recorded-flows.json';
import { flow, OpenflowRig } from './openflow-rig';
import { validFlow } from './openflow-valid-flows';

const NORMAL: Action = { type: 'output', port: ReservedPort.NORMAL };
const sorted = (list: readonly string[]): string[] => [...list].sort();

const rig = new OpenflowRig();

beforeAll(() => rig.start(), 60_000);
afterEach(() => rig.deleteAll());
afterAll(() => rig.stop(), 30_000);

describe('connecting to a bridge', () => {
  it('learns its datapath id', () => {
    expect(rig.connection.features.datapathId).toBe(
      rig.vsctl('get', 'bridge', 'br0', 'datapath_id').trim().replaceAll('"', ''),
    );
  });

  it('says what to do when the bridge does not allow version 1.4', async () => {
    rig.vsctl(
      'add-br',
      'br-old',
      '--',
      'set',
      'bridge',
      'br-old',
      'datapath_type=netdev',
      'protocols=OpenFlow10,OpenFlow13',
    );
    const failure = connect(join(rig.runDir, 'br-old.mgmt'));
    await expect(failure).rejects.toThrow(VersionMismatchError);
    await expect(failure).rejects.toThrow('only 1.0, 1.3: add OpenFlow14 to the "protocols" column');
    rig.vsctl('del-br', 'br-old');
  });
});

describe('flows', () => {
  it('come back from the switch byte for byte as they were encoded, and read as ovs-ofctl shows them', async () => {
    const meter = { id: 12, unit: 'kbps' as const, bands: [{ rate: 1000, burst: 128 }] };
    await applyMeterMods(rig.connection, [{ command: 'add', meter }]);
    const flows = recordedFlows.map(({ key, body }) => decodeFlow(key, body));
    await rig.add(flows);
    const actual = (await readFlows(rig.connection)).map((stats) => ({ key: stats.key, body: stats.body }));
    expect(sorted(actual.map(({ key, body }) => `${key} ${body}`))).toEqual(
      sorted(recordedFlows.map(({ key, body }) => `${key} ${body}`)),
    );
    expect(rig.dumpFlows()).toEqual(sorted(flows.map(formatFlow)));
  });

  it('of any make that the switch accepts come back byte for byte', async () => {
    const flows = new Map(fc.sample(validFlow, 500).map((f) => [flowKey(f), f]));
    await rig.add([...flows.values()]);
    const actual = new Map((await readFlows(rig.connection)).map((stats) => [stats.key, stats.body]));
    expect(actual.size).toBe(flows.size);
    for (const [key, wanted] of flows)
      expect({ key, body: actual.get(key) }).toEqual({ key, body: flowBody(wanted) });
    expect(rig.dumpFlows()).toEqual(
      sorted([...flows].map(([key, wanted]) => formatFlow(decodeFlow(key, flowBody(wanted))))),
    );
  });

  it('by the thousand are read in several parts, none lost', async () => {
    const flows = Array.from({ length: 3000 }, (_, i) =>
      flow({ table: i % 7, match: { inPort: i + 1 }, instructions: { apply: [NORMAL] } }),
    );
    await rig.add(flows);
    const keys = (await readFlows(rig.connection)).map((stats) => stats.key);
    expect(sorted(keys)).toEqual(sorted(flows.map(flowKey)));
    expect(await readFlowAggregate(rig.connection)).toEqual({ flows: 3000, packets: 0, bytes: 0 });
  });

  it('can be asked for by table, cookie, output port and match', async () => {
    await rig.add([
      flow({
        table: 1,
        cookie: 0xd5_01n,
        match: { inPort: 1 },
        instructions: { apply: [{ type: 'output', port: 3 }] },
      }),
      flow({ table: 2, cookie: 0xd5_02n, match: { inPort: 1, ethType: 0x806 } }),
      flow({ table: 2, cookie: 0xee_03n, match: { inPort: 2 } }),
    ]);
    const tables = async (filter: Parameters<typeof readFlows>[1]): Promise<bigint[]> =>
      (await readFlows(rig.connection, filter)).map(({ cookie }) => cookie).sort();
    expect(await tables({ table: 2 })).toEqual([0xd5_02n, 0xee_03n]);
    expect(await tables({ cookie: 0xd5_00n, cookieMask: 0xff_00n })).toEqual([0xd5_01n, 0xd5_02n]);
    expect(await tables({ cookie: 0xd5_01n })).toEqual([0xd5_01n]);
    expect(await tables({ outPort: 3 })).toEqual([0xd5_01n]);
    expect(await tables({ match: { inPort: 1 } })).toEqual([0xd5_01n, 0xd5_02n]);
  });

  it('of others can be read and deleted even with fields and actions unknown here', async () => {
    rig.ofctl('add-flow', 'table=6,ct_state=+trk+est,ip,actions=ct(commit,zone=1),NORMAL');
    const [foreign] = await readFlows(rig.connection);
    expect(formatFlow(foreign!.flow())).toContain('unknown=');
    await applyBundle(rig.connection, [{ command: 'delete', flow: foreign!.flow() }]);
    expect(await readFlows(rig.connection)).toEqual([]);
  });

  it('count frames; add and modify keep the counts, only add changes the cookie', async () => {
    const counted = flow({ cookie: 1n, match: { inPort: 1 } });
    await rig.add([counted]);
    rig.receiveBroadcast(1, 3, 100);
    const packets = async (): Promise<{ packets: number; bytes: number; cookie: bigint; text: string }> => {
      const [stats] = await readFlows(rig.connection);
      return {
        packets: stats!.packets,
        bytes: stats!.bytes,
        cookie: stats!.cookie,
        text: formatFlow(stats!.flow()),
      };
    };
    expect(await packets()).toMatchObject({ packets: 3, bytes: 300, cookie: 1n });
    await applyBundle(rig.connection, [
      { command: 'modify', flow: { ...counted, cookie: 2n, instructions: { apply: [NORMAL] } } },
    ]);
    expect(await packets()).toMatchObject({
      packets: 3,
      bytes: 300,
      cookie: 1n,
      text: 'cookie=0x1, priority=100,in_port=1 actions=NORMAL',
    });
    await rig.add([{ ...counted, cookie: 2n }]);
    expect(await packets()).toMatchObject({
      packets: 3,
      bytes: 300,
      cookie: 2n,
      text: 'cookie=0x2, priority=100,in_port=1 actions=drop',
    });
  });
});

describe('a bundle', () => {
  it('is applied in order', async () => {
    const first = flow({ instructions: { gotoTable: 1 } });
    await applyBundle(rig.connection, [
      { command: 'add', flow: first },
      { command: 'delete', flow: first },
      { command: 'add', flow: flow({ cookie: 7n }) },
      { command: 'modify', flow: flow({ instructions: { apply: [NORMAL] } }) },
    ]);
    expect((await readFlows(rig.connection)).map((stats) => formatFlow(stats.flow()))).toEqual([
      'cookie=0x7, priority=100 actions=NORMAL',
    ]);
  });

  it('leaves everything as it was when flows are refused at once, and names them', async () => {
    await rig.add([flow({ table: 3, cookie: 1n })]);
    const failure = applyBundle(rig.connection, [
      { command: 'delete', flow: flow({ table: 3 }) },
      { command: 'add', flow: flow({ table: 4 }) },
      { command: 'add', flow: flow({ table: 5, match: { ipv4Src: '10.0.0.1' } }) },
      { command: 'add', flow: flow({ table: 6, instructions: { gotoTable: 6 } }) },
    ]);
    await expect(failure).rejects.toThrow(BundleError);
    await expect(failure).rejects.toThrow(
      'OFPBMC_BAD_PREREQ for add cookie=0xd5, table=5, priority=100,nw_src=10.0.0.1 actions=drop; OFPBIC_BAD_TABLE_ID for add',
    );
    await expect(failure).rejects.toMatchObject({
      failures: [{ mod: { flow: { table: 5 } } }, { mod: { flow: { table: 6 } } }],
    });
    expect((await readFlows(rig.connection)).map(({ table, cookie }) => ({ table, cookie }))).toEqual([
      { table: 3, cookie: 1n },
    ]);
  });

  it('leaves everything as it was when one flow is refused at the commit, and names that flow', async () => {
    await rig.add([flow({ table: 3, cookie: 1n })]);
    const failure = applyBundle(rig.connection, [
      { command: 'delete', flow: flow({ table: 3 }) },
      { command: 'add', flow: flow({ table: 5, match: { inPort: 2 }, instructions: { meter: 999 } }) },
    ]);
    await expect(failure).rejects.toThrow(
      'OFPMMFC_INVALID_METER for add cookie=0xd5, table=5, priority=100,in_port=2 actions=meter:999',
    );
    expect((await readFlows(rig.connection)).map(({ table, cookie }) => ({ table, cookie }))).toEqual([
      { table: 3, cookie: 1n },
    ]);
  });

  it('with a flow that cannot be encoded is refused before anything is sent', async () => {
    const bad = flow({ match: { ethSrc: 'nonsense' } });
    await expect(rig.add([flow({}), bad])).rejects.toThrow(
      'dl_src=nonsense actions=drop: ethSrc: "nonsense" is not a MAC address',
    );
    expect(await readFlows(rig.connection)).toEqual([]);
  });

  it('next to another on the same connection does not get into its way', async () => {
    const good = [1, 2, 3].map((table) => rig.add([flow({ table })]));
    const refused = rig.add([flow({ table: 9, instructions: { meter: 999 } })]);
    await expect(refused).rejects.toThrow(BundleError);
    await Promise.all(good);
    expect((await readFlows(rig.connection)).map(({ table }) => table)).toEqual([1, 2, 3]);
  });
});
