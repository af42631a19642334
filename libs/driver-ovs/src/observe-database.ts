/**
 * What of ours is in Open vSwitch's database, in the words of specs: bridges with our mark, and on any bridge, ports and uplinks with our
 * mark. Rows are immutable, so what was made of one is kept for as long as the row is the same.
 */
import { formatVlanRanges, mergeRanges } from '@opendvs/model';
import type { OwnerRef } from '@opendvs/dataplane';
import type { Replica } from '@opendvs/ovsdb';
import { isMark, markedKind, markedPortId, markedSwitchId, markedUplinkGroupId } from './marks';
import type { BridgeRow, InterfaceRow, OvsTables, PortRow } from './ovs-database';
import {
  bridgeKey,
  claimsOfPort,
  portKey,
  uplinkKey,
  type InterfaceColumns,
  type OvsObserved,
  type PortSpec,
} from './ovs-objects';
import { VHOST_USER_TYPE } from './render-port';
import { BRIDGE_OTHER_CONFIG, INTERFACE_OPTIONS, PORT_OTHER_CONFIG, uplinkPortName } from './render-switch';

export interface ObservedPort {
  object: OvsObserved;
  bridge: BridgeRow;
  row: PortRow;
  interfaces: readonly InterfaceRow[];
}

export interface ObservedBridge {
  object: OvsObserved;
  row: BridgeRow;
}

/** By key. */
export interface ObservedDatabase {
  bridges: ReadonlyMap<string, ObservedBridge>;
  ports: ReadonlyMap<string, ObservedPort>;
}

export class DatabaseObserver {
  private readonly memory = new WeakMap<PortRow, ObservedPort>();

  observe(replica: Replica<OvsTables>): ObservedDatabase {
    const bridges = new Map<string, ObservedBridge>();
    const ports = new Map<string, ObservedPort>();
    for (const bridge of replica.rows('Bridge').values()) {
      if (markedKind(bridge.external_ids) === 'bridge') {
        bridges.set(bridgeKey(bridge.name), { object: bridgeObject(bridge), row: bridge });
      }
      for (const uuid of bridge.ports) {
        const port = this.portOf(replica, bridge, uuid);
        if (port) ports.set(port.object.key, port);
      }
    }
    return { bridges, ports };
  }

  private portOf(replica: Replica<OvsTables>, bridge: BridgeRow, uuid: string): ObservedPort | null {
    const row = replica.rows('Port').get(uuid);
    if (!row) return null;
    const interfaces = row.interfaces.flatMap((id) => replica.rows('Interface').get(id) ?? []);
    const kind = kindOf(row, interfaces);
    if (!kind) return null;
    const known = this.memory.get(row);
    const isSame =
      known?.bridge.name === bridge.name && known.interfaces.every((one, i) => one === interfaces[i]);
    if (isSame && known.interfaces.length === interfaces.length) return known;
    const observed = { object: portObject(kind, bridge, row, interfaces), bridge, row, interfaces };
    this.memory.set(row, observed);
    return observed;
  }
}

/** The mark of either row is enough: whoever removes one of them by hand has made a difference, not a foreign port. */
function kindOf(row: PortRow, interfaces: readonly InterfaceRow[]): 'port' | 'uplink' | null {
  const kinds = [row, ...interfaces].map(({ external_ids }) => markedKind(external_ids));
  const kind = kinds.find((one) => one === 'port' || one === 'uplink');
  return kind === 'port' || kind === 'uplink' ? kind : null;
}

function bridgeObject(row: BridgeRow): OvsObserved {
  const switchId = markedSwitchId(row.external_ids);
  return {
    kind: 'bridge',
    key: bridgeKey(row.name),
    spec: {
      kind: 'bridge',
      name: row.name,
      datapathType: row.datapath_type,
      failMode: row.fail_mode,
      protocols: row.protocols,
      otherConfig: pick(row.other_config, isOneOf(BRIDGE_OTHER_CONFIG)),
      externalIds: pick(row.external_ids, isMark),
      ...(row.datapath_id === null ? { fault: bridgeFault(row.name) } : {}),
    },
    dependsOn: [],
    claims: [],
    owner: switchId === null ? null : { kind: 'switch', id: switchId },
  };
}

function portObject(
  kind: 'port' | 'uplink',
  bridge: BridgeRow,
  row: PortRow,
  interfaces: readonly InterfaceRow[],
): OvsObserved {
  const columns = interfaces
    .map(interfaceColumns)
    .sort((a, b) => (a.ofportRequest ?? 0) - (b.ofportRequest ?? 0));
  const fault = faultOf(interfaces);
  const spec: PortSpec = {
    kind,
    bridge: bridge.name,
    name: row.name,
    vlan: { mode: row.vlan_mode, tag: row.tag, trunks: trunkText(row.trunks) },
    bond: {
      mode: row.bond_mode,
      lacp: row.lacp,
      otherConfig: pick(row.other_config, isOneOf(PORT_OTHER_CONFIG)),
    },
    externalIds: pick(row.external_ids, isMark),
    interfaces: columns,
    ...(fault === null ? {} : { fault }),
  };
  return {
    kind,
    key:
      kind === 'uplink' && row.name === uplinkPortName(bridge.name)
        ? uplinkKey(bridge.name)
        : portKey(row.name),
    spec,
    dependsOn: [bridgeKey(bridge.name)],
    claims: claimsOfPort(spec),
    owner: ownerOf(kind, row, interfaces),
  };
}

function ownerOf(
  kind: 'port' | 'uplink',
  row: PortRow,
  interfaces: readonly InterfaceRow[],
): OwnerRef | null {
  for (const { external_ids } of [row, ...interfaces]) {
    const id = kind === 'port' ? markedPortId(external_ids) : markedUplinkGroupId(external_ids);
    if (id !== null) return kind === 'port' ? { kind: 'port', id } : { kind: 'uplink-group', id };
  }
  return null;
}

function interfaceColumns(row: InterfaceRow): InterfaceColumns {
  return {
    name: row.name,
    type: row.type,
    options: pick(row.options, isOneOf(INTERFACE_OPTIONS)),
    mtuRequest: row.mtu_request,
    ofportRequest: row.ofport_request,
    externalIds: pick(row.external_ids, isMark),
  };
}

/** vswitchd writes the datapath id of a bridge when it has made it. */
function bridgeFault(name: string): string {
  return `Open vSwitch has not made bridge ${name}; its log says why (there can be one userspace datapath in a network namespace)`;
}

/** What Open vSwitch has against a port, with what to do about it; `null`: nothing. */
export function faultOf(interfaces: readonly InterfaceRow[]): string | null {
  for (const row of interfaces) {
    const fault = faultOfInterface(row);
    if (fault !== null) return fault;
  }
  return null;
}

function faultOfInterface(row: InterfaceRow): string | null {
  const { name, error, ofport, ofport_request } = row;
  if (error !== null) return `Open vSwitch refuses interface ${name}: ${error}${remedyOf(error)}`;
  if (ofport === -1) return `Open vSwitch could not make interface ${name}; its log says why`;
  if (ofport !== null && ofport_request !== null && ofport !== ofport_request) {
    return `interface ${name} got OpenFlow port ${ofport}, as ${ofport_request} is held by a port that OpenDVS doesn't know: give that one another ofport_request`;
  }
  if (!hasItsMtu(row)) {
    return `interface ${name} carries an MTU of ${row.mtu} and not the ${row.mtu_request} of its switch: larger frames are lost there; give the switch an MTU that the NIC can, or another NIC`;
  }
  return null;
}

/**
 * A NIC takes an MTU or doesn't; vswitchd sees which some time after it has taken the configuration over. A vhost-user port has
 * none before a VM is on it.
 */
export function hasItsMtu({ type, mtu, mtu_request }: InterfaceRow): boolean {
  if (type === VHOST_USER_TYPE) return true;
  return mtu === null || mtu_request === null || mtu >= mtu_request;
}

function remedyOf(error: string): string {
  if (/No such device/i.test(error)) return '; check the name of the NIC, and that it is on this host';
  if (/Error attaching device|dpdk/i.test(error)) {
    return '; check the PCI address, that the NIC is bound to vfio-pci, and that DPDK is initialised';
  }
  return '';
}

function trunkText(trunks: readonly number[]): string {
  return formatVlanRanges(mergeRanges(trunks.map((id) => ({ first: id, last: id }))));
}

const isOneOf = (keys: readonly string[]) => (key: string) => keys.includes(key);

function pick(map: ReadonlyMap<string, string>, isOurs: (key: string) => boolean): Record<string, string> {
  return Object.fromEntries([...map].filter(([key]) => isOurs(key)));
}
