/**
 * The floor: what the engine itself takes for what a port is made of (rows in OVSDB until vswitchd has taken them over, meters, one
 * OpenFlow bundle), asked by a bare client on warm connections. No manager, no bus, no agent; the same rows, meters and flows.
 */
import { join } from 'node:path';
import {
  applyBundle,
  applyMeterMods,
  connect,
  type Connection,
  type FlowMod,
  type MeterMod,
} from '@opendvs/openflow';
import { column, defineDatabase, OvsdbClient, type Replica } from '@opendvs/ovsdb';
import { NO_SUPPRESSION, type BroadcastSuppression } from '@opendvs/model';
import {
  LIMITED_KINDS,
  meterIdOf,
  portFlows,
  SWITCH_FLOWS,
  type PipelineFlow,
} from '../../../libs/driver-ovs/src/pipeline';

const DATABASE = defineDatabase('Open_vSwitch', {
  Open_vSwitch: {
    bridges: column.set('uuid'),
    next_cfg: column.scalar('integer'),
    cur_cfg: column.scalar('integer'),
  },
  Bridge: {
    name: column.scalar('string'),
    ports: column.set('uuid'),
    datapath_type: column.scalar('string'),
    fail_mode: column.optional('string'),
    protocols: column.set('string'),
  },
  Port: {
    name: column.scalar('string'),
    interfaces: column.set('uuid'),
    vlan_mode: column.optional('string'),
    tag: column.optional('integer'),
  },
  Interface: {
    name: column.scalar('string'),
    type: column.scalar('string'),
    options: column.map('string', 'string'),
    mtu_request: column.optional('integer'),
    ofport_request: column.optional('integer'),
    ofport: column.optional('integer'),
  },
});

const BRIDGE = 'br-floor';
const COOKIE = 0xbe7cn << 48n;
const DEADLINE_MS = 60_000;

export const benchSuppression: BroadcastSuppression = {
  ...NO_SUPPRESSION,
  arpBroadcast: { unit: 'kbps', rate: 64 },
  allBroadcast: { unit: 'pps', rate: 1000 },
};

export class FloorClient {
  private constructor(
    private readonly ovsdb: OvsdbClient<(typeof DATABASE)['tables']>,
    private readonly replica: Replica<(typeof DATABASE)['tables']>,
    private readonly openflow: Connection,
    private readonly socketDir: string,
  ) {}

  /** Makes a bridge of its own and connects to it. */
  static async open(ovsdbSocket: string, runDir: string, socketDir: string): Promise<FloorClient> {
    const ovsdb = await OvsdbClient.connect({ socketPath: ovsdbSocket, database: DATABASE });
    const replica = await ovsdb.replicate();
    const root = [...replica.rows('Open_vSwitch').keys()][0]!;
    const transaction = ovsdb.begin();
    const local = transaction.insert('Interface', { name: BRIDGE, type: 'internal' });
    const localPort = transaction.insert('Port', { name: BRIDGE, interfaces: [local] });
    const bridge = transaction.insert('Bridge', {
      name: BRIDGE,
      ports: [localPort],
      datapath_type: 'netdev',
      fail_mode: 'secure',
      protocols: ['OpenFlow14'],
    });
    transaction.mutate('Open_vSwitch', root, [
      ['bridges', 'insert', [bridge]],
      ['next_cfg', '+=', 1],
    ]);
    await ovsdb.transact(transaction);
    await replica.until(() => interfacesReady(replica, [BRIDGE]), AbortSignal.timeout(DEADLINE_MS));
    const openflow = await connect(join(runDir, `${BRIDGE}.mgmt`));
    await applyBundle(openflow, SWITCH_FLOWS.map(addition));
    return new FloorClient(ovsdb, replica, openflow, socketDir);
  }

  /** Returns once the ports have their numbers and the flows are in. `first`: the number of the first. */
  async addPorts(first: number, count: number): Promise<void> {
    const numbers = Array.from({ length: count }, (_, index) => first + index);
    const transaction = this.ovsdb.begin();
    const ports = numbers.map((number) => {
      const name = `fl${number}`;
      const made = transaction.insert('Interface', {
        name,
        type: 'dpdkvhostuserclient',
        options: new Map([['vhost-server-path', join(this.socketDir, `${name}.sock`)]]),
        mtu_request: 1500,
        ofport_request: number,
      });
      return transaction.insert('Port', { name, interfaces: [made], vlan_mode: 'access', tag: 100 });
    });
    const bridge = [...this.replica.rows('Bridge')].find(([, row]) => row.name === BRIDGE)![0];
    transaction.mutate('Bridge', bridge, [['ports', 'insert', ports]]);
    await this.ovsdb.transact(transaction);
    const names = numbers.map((number) => `fl${number}`);
    await this.replica.until(() => interfacesReady(this.replica, names), AbortSignal.timeout(DEADLINE_MS));
    await applyMeterMods(this.openflow, numbers.flatMap(metersOf));
    await applyBundle(
      this.openflow,
      numbers.flatMap((number) => portFlows(number, 'up', benchSuppression).map(addition)),
    );
  }

  /** Takes the bridge away with all that is on it. */
  async close(): Promise<void> {
    const root = [...this.replica.rows('Open_vSwitch').keys()][0]!;
    const bridge = [...this.replica.rows('Bridge')].find(([, row]) => row.name === BRIDGE)![0];
    const transaction = this.ovsdb.begin();
    transaction.mutate('Open_vSwitch', root, [
      ['bridges', 'delete', [bridge]],
      ['next_cfg', '+=', 1],
    ]);
    await this.ovsdb.transact(transaction);
    const wanted = this.replica.rows('Open_vSwitch').get(root)!.next_cfg;
    await this.replica.until(
      () => this.replica.rows('Open_vSwitch').get(root)!.cur_cfg >= wanted,
      AbortSignal.timeout(DEADLINE_MS),
    );
    this.openflow.close();
    this.ovsdb.close();
  }
}

const addition = (flow: PipelineFlow): FlowMod => ({ command: 'add', flow: { ...flow, cookie: COOKIE } });

function metersOf(number: number): MeterMod[] {
  return LIMITED_KINDS.flatMap(({ kind, meterIndex }): MeterMod[] => {
    const threshold = benchSuppression[kind];
    if (!threshold) return [];
    const unit = threshold.unit === 'kbps' ? 'kbps' : 'pktps';
    return [
      {
        command: 'add',
        meter: { id: meterIdOf(number, meterIndex), unit, bands: [{ rate: threshold.rate, burst: 100 }] },
      },
    ];
  });
}

function interfacesReady(replica: Replica<(typeof DATABASE)['tables']>, names: readonly string[]): boolean {
  const wanted = new Set(names);
  let ready = 0;
  for (const row of replica.rows('Interface').values())
    if (wanted.has(row.name) && (row.ofport ?? 0) > 0) ready += 1;
  return ready === wanted.size;
}
