/** A VM's port as a row of the database, its meters and its flows: pure. */
import {
  bridgeName,
  formatVlanRanges,
  interfaceName,
  mergeRanges,
  vhostSocketPath,
  type Port,
  type PortGroup,
  type Switch,
} from '@opendvs/model';
import { portMarks } from './marks';
import { burstOf } from './meter-burst';
import {
  bridgeKey,
  claimsOfPort,
  flowsKey,
  meterKey,
  portKey,
  type FlowsSpec,
  type OvsObject,
  type PortSpec,
  type VlanColumns,
} from './ovs-objects';
import { LIMITED_KINDS, meterIdOf, portFlows, VLAN_NOWHERE } from './pipeline';
import { NOT_A_BOND } from './render-switch';

/** QEMU listens on the socket, the switch connects, and again after a restart of either. */
export const VHOST_USER_TYPE = 'dpdkvhostuserclient';

/** @param flows of the port, as {@link renderFlows} makes them */
export function renderPort(
  port: Port,
  group: PortGroup,
  dvs: Switch,
  vhostSocketDir: string,
  flows: FlowsSpec,
): OvsObject[] {
  const because = `port "${port.name}" of group "${group.name}", switch "${dvs.name}"`;
  const row = renderRow(port, group, dvs, vhostSocketDir, because);
  const meters = renderMeters(port, group, dvs, because);
  const pipeline: OvsObject = {
    kind: 'flows',
    key: flowsKey(flows.bridge, flows.flowsOf),
    spec: flows,
    dependsOn: [bridgeKey(flows.bridge), row.key, ...meters.map(({ key }) => key)],
    claims: [],
    owner: row.owner,
    because: `pipeline of ${because}`,
  };
  return [row, ...meters, pipeline];
}

export function renderFlows({ number, switchId }: Port, group: PortGroup): FlowsSpec {
  return {
    kind: 'flows',
    bridge: bridgeName(switchId),
    flowsOf: { of: 'port', portNumber: number },
    flows: portFlows(number, group.adminStatus, group.broadcastSuppression),
  };
}

/** Groups of equal shape give their ports the same flows: a rate is the meter's business, a VLAN the database's. */
export function shapeOfFlows({ adminStatus, broadcastSuppression }: PortGroup): string {
  const kinds = LIMITED_KINDS.filter(({ kind }) => broadcastSuppression[kind] !== null);
  return [adminStatus, broadcastSuppression.observeOnly, ...kinds.map(({ kind }) => kind)].join();
}

function renderRow(
  port: Port,
  group: PortGroup,
  dvs: Switch,
  vhostSocketDir: string,
  because: string,
): OvsObject {
  const name = interfaceName(port.id);
  const spec: PortSpec = {
    kind: 'port',
    bridge: bridgeName(dvs.id),
    name,
    vlan: vlanColumns(group),
    bond: NOT_A_BOND,
    externalIds: portMarks(port),
    interfaces: [
      {
        name,
        type: VHOST_USER_TYPE,
        options: { 'vhost-server-path': vhostSocketPath(vhostSocketDir, port.id) },
        mtuRequest: dvs.mtuBytes,
        ofportRequest: port.number,
        externalIds: portMarks(port),
      },
    ],
  };
  return {
    kind: 'port',
    key: portKey(name),
    spec,
    dependsOn: [bridgeKey(spec.bridge)],
    claims: claimsOfPort(spec),
    owner: { kind: 'port', id: port.id },
    because,
  };
}

/** Also of a group that is down: its counts go on when it is up again. */
function renderMeters(port: Port, group: PortGroup, dvs: Switch, because: string): OvsObject[] {
  const bridge = bridgeName(dvs.id);
  return LIMITED_KINDS.flatMap(({ kind, meterIndex }) => {
    const threshold = group.broadcastSuppression[kind];
    if (!threshold) return [];
    return {
      kind: 'meter',
      key: meterKey(bridge, port.number, kind),
      spec: {
        kind: 'meter',
        bridge,
        id: meterIdOf(port.number, meterIndex),
        unit: threshold.unit,
        rate: threshold.rate,
        burst: burstOf(threshold, dvs.mtuBytes),
      },
      dependsOn: [bridgeKey(bridge)],
      claims: [],
      owner: { kind: 'port', id: port.id },
      because: `${kind} threshold of ${because}`,
    } satisfies OvsObject;
  });
}

/**
 * An access port of VLAN 0 carries untagged frames only. A trunk names its VLANs, also when it has all of them: with none
 * named it would carry untagged frames too.
 */
function vlanColumns({ vlan, adminStatus }: PortGroup): VlanColumns {
  if (adminStatus === 'down') return { mode: 'trunk', tag: null, trunks: `${VLAN_NOWHERE}` };
  if (vlan.type === 'access') return { mode: 'access', tag: vlan.vlanId, trunks: '' };
  const trunks = formatVlanRanges(mergeRanges(vlan.trunkVlans));
  if (vlan.nativeVlanId === null) return { mode: 'trunk', tag: null, trunks };
  return { mode: 'native-untagged', tag: vlan.nativeVlanId, trunks };
}
