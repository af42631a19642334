/**
 * Steps on bridges, ports and uplinks as one OVSDB transaction. Open vSwitch goes over all ports for every transaction that
 * changes any, so what comes together is sent together. Each step is checked first against what others have in the database; one that can't
 * be done leaves the rest alone.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Step } from '@opendvs/dataplane';
import { expandRanges, parseVlanRanges } from '@opendvs/model';
import { NamedUuid, type Replica, type Selection, type Transaction } from '@opendvs/ovsdb';
import { DatabaseNames } from './database-names';
import type { ObservedBridge, ObservedDatabase, ObservedPort } from './observe-database';
import type { OvsTables } from './ovs-database';
import {
  bridgeKey,
  type BridgeSpec,
  type InterfaceColumns,
  type OvsSpec,
  type PortSpec,
} from './ovs-objects';
import { isMark } from './marks';
import { BRIDGE_OTHER_CONFIG, INTERFACE_OPTIONS, PORT_OTHER_CONFIG } from './render-switch';

type Tx = Transaction<OvsTables>;
type MapColumn = ReadonlyMap<string, string>;
type OwnedEntries = Readonly<Record<string, string>>;

export type DatabaseStep = Step<OvsSpec>;

/** Is it about a row of the database (and not a meter or flows)? */
export function isDatabaseStep(step: Step<OvsSpec>): boolean {
  const { kind } = step.verb === 'delete' ? step.from : step.to;
  return kind === 'bridge' || kind === 'port' || kind === 'uplink';
}

export class DatabaseBatch {
  /** Why steps are not in the transaction, by key. */
  readonly refused = new Map<string, string>();
  private readonly names: DatabaseNames;
  private readonly addedPorts = new Map<string, NamedUuid[]>();
  private readonly removedPorts = new Map<string, string[]>();

  constructor(
    private readonly tx: Tx,
    replica: Replica<OvsTables>,
    private readonly observed: ObservedDatabase,
    private readonly rootUuid: string,
  ) {
    this.names = new DatabaseNames(replica);
  }

  /** @returns how to read from the outcome the number that vswitchd will write to `cur_cfg` when it has taken the batch over */
  add(steps: readonly DatabaseStep[]): Selection<OvsTables['Open_vSwitch']> {
    for (const step of steps) {
      const refusal = this.addStep(step);
      if (refusal !== null) this.refused.set(step.key, refusal);
    }
    for (const [bridge, ports] of this.addedPorts)
      this.tx.mutate('Bridge', bridge, [['ports', 'insert', ports]]);
    for (const [bridge, ports] of this.removedPorts)
      this.tx.mutate('Bridge', bridge, [['ports', 'delete', ports]]);
    this.tx.mutate('Open_vSwitch', this.rootUuid, [['next_cfg', '+=', 1]]);
    this.tx.comment('opendvs');
    return this.tx.select('Open_vSwitch', this.rootUuid);
  }

  private addStep(step: DatabaseStep): string | null {
    if (step.verb === 'delete') return this.remove(step.key);
    const { spec } = step.to;
    if (spec.kind === 'bridge') return this.putBridge(step.key, spec);
    if (spec.kind === 'port' || spec.kind === 'uplink') return this.putPort(step.key, spec);
    throw new Error(`${step.key} is not an object of the database`);
  }

  private remove(key: string): string | null {
    const bridge = this.observed.bridges.get(key);
    if (bridge) return this.removeBridge(bridge);
    const port = this.observed.ports.get(key);
    if (port) listOf(this.removedPorts, port.bridge._uuid).push(port.row._uuid);
    return null; // what isn't there needs no deletion
  }

  private removeBridge({ row, object }: ObservedBridge): string | null {
    const own = [...this.observed.ports.values()].filter(({ bridge }) => bridge._uuid === row._uuid).length;
    const foreign = row.ports.length - own;
    if (foreign > 0) {
      return `bridge ${row.name} still has ${foreign} port(s) that OpenDVS doesn't know (ovs-vsctl list-ports ${row.name}): remove them, and ${object.key} goes`;
    }
    this.tx.mutate('Open_vSwitch', this.rootUuid, [['bridges', 'delete', [row._uuid]]]);
    return null;
  }

  private putBridge(key: string, spec: BridgeSpec): string | null {
    const columns = {
      datapath_type: spec.datapathType,
      fail_mode: spec.failMode,
      protocols: spec.protocols,
    };
    const existing = this.observed.bridges.get(key);
    if (existing) {
      const { row } = existing;
      this.tx.update('Bridge', row._uuid, columns);
      const entries = [
        ...entryMutations('other_config', row.other_config, spec.otherConfig, isOneOf(BRIDGE_OTHER_CONFIG)),
        ...entryMutations('external_ids', row.external_ids, spec.externalIds, isMark),
      ];
      if (entries.length > 0) this.tx.mutate('Bridge', row._uuid, entries);
      return null;
    }
    if (this.names.bridge(spec.name)) {
      return `a bridge ${spec.name} exists and is not OpenDVS's: rename or delete it (ovs-vsctl del-br ${spec.name})`;
    }
    const bridge = this.tx.insert('Bridge', {
      name: spec.name,
      ...columns,
      other_config: toMap(spec.otherConfig),
      external_ids: toMap(spec.externalIds),
    });
    this.tx.mutate('Open_vSwitch', this.rootUuid, [['bridges', 'insert', [bridge]]]);
    return null;
  }

  private putPort(key: string, spec: PortSpec): string | null {
    const bridge = this.observed.bridges.get(bridgeKey(spec.bridge));
    if (!bridge) return `there is no bridge ${spec.bridge} of OpenDVS's for port ${spec.name}`;
    const existing = this.observed.ports.get(key) ?? null;
    if (existing && existing.bridge.name !== spec.bridge) {
      return `port ${spec.name} is on bridge ${existing.bridge.name} and not on ${spec.bridge}: it has to be deleted there first`;
    }
    const obstacle = this.names.obstacleTo(spec, existing?.row ?? null);
    if (obstacle !== null) return obstacle;
    if (existing) this.updatePort(existing, spec);
    else listOf(this.addedPorts, bridge.row._uuid).push(this.insertPort(spec));
    return null;
  }

  private insertPort(spec: PortSpec): NamedUuid {
    return this.tx.insert('Port', {
      name: spec.name,
      interfaces: spec.interfaces.map((one) => this.insertInterface(one)),
      ...portColumns(spec),
      other_config: toMap(spec.bond.otherConfig),
      external_ids: toMap(spec.externalIds),
    });
  }

  private insertInterface(spec: InterfaceColumns): NamedUuid {
    return this.tx.insert('Interface', {
      name: spec.name,
      ...interfaceColumns(spec),
      options: toMap(spec.options),
      external_ids: toMap(spec.externalIds),
    });
  }

  /** Writes what differs and nothing else: the change of a VLAN is one column. */
  private updatePort({ object, row, interfaces }: ObservedPort, spec: PortSpec): void {
    const before = object.spec as PortSpec;
    const isSame = isDeepStrictEqual(
      [before.vlan, before.bond.mode, before.bond.lacp],
      [spec.vlan, spec.bond.mode, spec.bond.lacp],
    );
    if (!isSame) this.tx.update('Port', row._uuid, portColumns(spec));
    const entries = [
      ...entryMutations('other_config', row.other_config, spec.bond.otherConfig, isOneOf(PORT_OTHER_CONFIG)),
      ...entryMutations('external_ids', row.external_ids, spec.externalIds, isMark),
    ];
    if (entries.length > 0) this.tx.mutate('Port', row._uuid, entries);
    this.updateInterfaces({ row, interfaces }, before, spec);
  }

  private updateInterfaces(
    { row, interfaces }: Pick<ObservedPort, 'row' | 'interfaces'>,
    before: PortSpec,
    spec: PortSpec,
  ): void {
    const uuids = spec.interfaces.map((wanted) => {
      const existing = interfaces.find(({ name }) => name === wanted.name);
      if (!existing) return this.insertInterface(wanted);
      const was = before.interfaces.find(({ name }) => name === wanted.name);
      if (!isDeepStrictEqual(was, wanted)) {
        this.tx.update('Interface', existing._uuid, interfaceColumns(wanted));
        const entries = [
          ...entryMutations('options', existing.options, wanted.options, isOneOf(INTERFACE_OPTIONS)),
          ...entryMutations('external_ids', existing.external_ids, wanted.externalIds, isMark),
        ];
        if (entries.length > 0) this.tx.mutate('Interface', existing._uuid, entries);
      }
      return existing._uuid;
    });
    const isSameSet =
      uuids.length === row.interfaces.length &&
      uuids.every((uuid) => typeof uuid === 'string' && row.interfaces.includes(uuid));
    if (!isSameSet) this.tx.update('Port', row._uuid, { interfaces: uuids });
  }
}

function portColumns({ vlan, bond }: PortSpec) {
  return {
    vlan_mode: vlan.mode,
    tag: vlan.tag,
    trunks: vlan.trunks === '' ? [] : trunkIds(vlan.trunks),
    bond_mode: bond.mode,
    lacp: bond.lacp,
  };
}

/** VLAN 4095 is in no list that an administrator writes, and so unknown to the parser of these. */
function trunkIds(text: string): number[] {
  return /^\d+$/.test(text) ? [Number(text)] : expandRanges(parseVlanRanges(text));
}

function interfaceColumns({ type, mtuRequest, ofportRequest }: InterfaceColumns) {
  return { type, mtu_request: mtuRequest, ofport_request: ofportRequest };
}

/** Mutations that give the entries of ours in a map the wanted values, and leave others as they are. */
function entryMutations<C extends string>(
  name: C,
  before: MapColumn,
  wanted: OwnedEntries,
  isOurs: (key: string) => boolean,
): (readonly [C, 'delete-keys', string[]] | readonly [C, 'insert', MapColumn])[] {
  const changed = Object.entries(wanted).filter(([key, value]) => before.get(key) !== value);
  const stale = [...before.keys()].filter((key) => isOurs(key) && before.get(key) !== wanted[key]);
  return [
    ...(stale.length > 0 ? [[name, 'delete-keys', stale] as const] : []),
    ...(changed.length > 0 ? [[name, 'insert', new Map(changed)] as const] : []),
  ];
}

const toMap = (entries: OwnedEntries): MapColumn => new Map(Object.entries(entries));
const isOneOf = (keys: readonly string[]) => (key: string) => keys.includes(key);

function listOf<V>(lists: Map<string, V[]>, key: string): V[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
