/** A switch on a host as a bridge, its uplink and the flows that both need: pure. */
import { createHash } from 'node:crypto';
import {
  bridgeName,
  nicName,
  UPLINK_NUMBER_BASE,
  type Host,
  type Nic,
  type Switch,
  type UplinkGroup,
} from '@opendvs/model';
import { bridgeMarks, uplinkMarks } from './marks';
import {
  bridgeKey,
  claimsOfPort,
  flowsKey,
  uplinkKey,
  type BondColumns,
  type FlowsSpec,
  type InterfaceColumns,
  type OvsObject,
  type PortSpec,
} from './ovs-objects';
import { SWITCH_FLOWS, uplinkFlows, type FlowOwner, type PipelineFlow } from './pipeline';

/** 1.0 for people with ovs-ofctl, 1.3 for those who look at meters with it, 1.4 for us, 1.5 for newer tools. */
const PROTOCOLS = ['OpenFlow10', 'OpenFlow13', 'OpenFlow14', 'OpenFlow15'];
/** Open vSwitch's default of 8192 is a rack's worth of VMs; what it learns through an uplink is a data centre's. */
const MAC_TABLE_SIZE = 65_536;
/** Keys of Bridge.other_config that are ours. */
export const BRIDGE_OTHER_CONFIG = ['hwaddr', 'mac-table-size'] as const;
/** Keys of an uplink's Port.other_config that are ours. */
export const PORT_OTHER_CONFIG = ['bond-primary', 'lacp-time'] as const;
/** Keys of Interface.options that are ours. */
export const INTERFACE_OPTIONS = ['vhost-server-path', 'dpdk-devargs'] as const;

export const NOT_A_BOND: BondColumns = { mode: null, lacp: null, otherConfig: {} };
export const ALL_VLANS = { mode: null, tag: null, trunks: '' } as const;

export function renderSwitch(dvs: Switch, uplinkGroup: UplinkGroup | null, host: Host): OvsObject[] {
  const name = bridgeName(dvs.id);
  const because = `switch "${dvs.name}"`;
  const bridge: OvsObject = {
    kind: 'bridge',
    key: bridgeKey(name),
    spec: {
      kind: 'bridge',
      name,
      datapathType: 'netdev',
      failMode: 'secure',
      protocols: PROTOCOLS,
      otherConfig: { hwaddr: hardwareAddress(host.id, dvs.id), 'mac-table-size': `${MAC_TABLE_SIZE}` },
      externalIds: bridgeMarks(dvs.id),
    },
    dependsOn: [],
    claims: [],
    owner: { kind: 'switch', id: dvs.id },
    because,
  };
  const flows = flowsObject(name, { of: 'switch' }, SWITCH_FLOWS, bridge, `pipeline of ${because}`);
  return [bridge, flows, ...(uplinkGroup ? renderUplink(dvs, name, uplinkGroup) : [])];
}

function renderUplink(dvs: Switch, bridge: string, group: UplinkGroup): OvsObject[] {
  const spec: PortSpec = {
    kind: 'uplink',
    bridge,
    name: uplinkPortName(bridge),
    vlan: ALL_VLANS,
    bond: bondOf(group),
    externalIds: uplinkMarks(dvs.id, group.id),
    interfaces: group.members.map((nic, index) => memberOf(nic, index, dvs, group)),
  };
  const uplink: OvsObject = {
    kind: 'uplink',
    key: uplinkKey(bridge),
    spec,
    dependsOn: [bridgeKey(bridge)],
    claims: claimsOfPort(spec),
    owner: { kind: 'uplink-group', id: group.id },
    because: `uplink group "${group.name}" of switch "${dvs.name}"`,
  };
  const numbers = spec.interfaces.map(({ ofportRequest }) => ofportRequest!);
  return [
    uplink,
    flowsObject(bridge, { of: 'uplink' }, uplinkFlows(numbers), uplink, `pipeline of ${uplink.because}`),
  ];
}

/** The flows of `base`'s owner, standing on `base`. */
function flowsObject(
  bridge: string,
  flowsOf: FlowOwner,
  flows: readonly PipelineFlow[],
  base: OvsObject,
  because: string,
): OvsObject {
  const spec: FlowsSpec = { kind: 'flows', bridge, flowsOf, flows };
  const dependsOn = [...base.dependsOn, base.key];
  return {
    kind: 'flows',
    key: flowsKey(bridge, flowsOf),
    spec,
    dependsOn,
    claims: [],
    owner: base.owner,
    because,
  };
}

/** "up-" in place of "br-": one uplink a bridge, and the same row whether it has one NIC or several. */
export function uplinkPortName(bridge: string): string {
  return bridge.replace(/^br-/, 'up-');
}

function memberOf(nic: Nic, index: number, dvs: Switch, group: UplinkGroup): InterfaceColumns {
  const isPci = 'pciAddress' in nic;
  return {
    name: interfaceNameOfNic(nic),
    type: isPci ? 'dpdk' : 'system',
    options: isPci ? { 'dpdk-devargs': nic.pciAddress } : {},
    mtuRequest: dvs.mtuBytes,
    ofportRequest: UPLINK_NUMBER_BASE + index,
    externalIds: uplinkMarks(dvs.id, group.id),
  };
}

/** A NIC driven by DPDK has no kernel name: "dvu" and the hex digits of its address, 12 characters. */
export function interfaceNameOfNic(nic: Nic): string {
  return 'kernelName' in nic ? nic.kernelName : `dvu${nic.pciAddress.replace(/[:.]/g, '')}`;
}

function bondOf({ members, bondMode, primary, lacp }: UplinkGroup): BondColumns {
  if (members.length < 2) return NOT_A_BOND;
  const preferred = members.find((nic) => nicName(nic) === primary);
  switch (bondMode) {
    case 'active-backup':
      return {
        mode: 'active-backup',
        lacp: 'off',
        otherConfig: preferred ? { 'bond-primary': interfaceNameOfNic(preferred) } : {},
      };
    case 'balance-slb':
      return { mode: 'balance-slb', lacp: 'off', otherConfig: {} };
    case 'lacp':
      return {
        mode: 'balance-tcp',
        lacp: lacp?.mode ?? 'active',
        otherConfig: { 'lacp-time': lacp?.rate ?? 'slow' },
      };
  }
}

/** Stable, locally administered, of its own on each host: the datapath id and the LACP system id follow from it. */
function hardwareAddress(hostId: string, switchId: string): string {
  const bytes = createHash('sha256').update(`${hostId} ${switchId}`).digest().subarray(0, 6);
  bytes[0] = (bytes[0]! & 0xfc) | 0x02;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
