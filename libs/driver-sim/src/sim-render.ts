/** Desired state as the objects of a simulated engine: pure. */
import type { BackendObject, HostDesired, OwnerRef } from '@opendvs/dataplane';
import {
  bridgeName,
  interfaceName,
  nicName,
  SUPPRESSION_KINDS,
  vhostSocketPath,
  type Port,
  type PortGroup,
  type SuppressionThreshold,
  type Switch,
  type UplinkGroup,
} from '@opendvs/model';
import {
  bridgeKey,
  meterKey,
  portKey,
  ruleKey,
  uplinkKey,
  type MeterSpec,
  type SimSpec,
} from './sim-objects';

type Rendered = BackendObject<SimSpec>;

export function renderForSim(desired: HostDesired): Rendered[] {
  const { host } = desired;
  const switches = new Map(desired.switches.map((one) => [one.id, one]));
  const groups = new Map(desired.portGroups.map((group) => [group.id, group]));
  return [
    ...host.switches.flatMap(({ switchId, uplinkGroup }) =>
      renderSwitch(switches.get(switchId)!, uplinkGroup),
    ),
    ...desired.ports.flatMap((port) =>
      renderPort(port, groups.get(port.portGroupId)!, switches.get(port.switchId)!, host.vhostSocketDir),
    ),
  ];
}

function renderSwitch(dvs: Switch, uplinkGroup: UplinkGroup | null): Rendered[] {
  const name = bridgeName(dvs.id);
  const bridge: Rendered = {
    kind: 'bridge',
    key: bridgeKey(name),
    spec: { kind: 'bridge', name, mtuBytes: dvs.mtuBytes },
    dependsOn: [],
    claims: [],
    owner: { kind: 'switch', id: dvs.id },
    because: `switch "${dvs.name}"`,
  };
  return uplinkGroup ? [bridge, renderUplink(dvs, name, uplinkGroup)] : [bridge];
}

function renderUplink(dvs: Switch, bridge: string, group: UplinkGroup): Rendered {
  const nics = group.members.map(nicName);
  const bond = nics.length > 1 ? { mode: group.bondMode, primary: group.primary, lacp: group.lacp } : null;
  return {
    kind: 'uplink',
    key: uplinkKey(bridge),
    spec: { kind: 'uplink', bridge, nics, bond },
    dependsOn: [bridgeKey(bridge)],
    claims: nics.map((nic) => `nic:${nic}`),
    owner: { kind: 'uplink-group', id: group.id },
    because: `uplink group "${group.name}" of switch "${dvs.name}"`,
  };
}

/** What a port was rendered from, and to: with the same inputs, by identity, it is not rendered again. */
interface RenderedPort {
  group: PortGroup;
  dvs: Switch;
  vhostSocketDir: string;
  objects: Rendered[];
}
const renderedPorts = new WeakMap<Port, RenderedPort>();

function renderPort(port: Port, group: PortGroup, dvs: Switch, vhostSocketDir: string): Rendered[] {
  const known = renderedPorts.get(port);
  if (known?.group === group && known.dvs === dvs && known.vhostSocketDir === vhostSocketDir)
    return known.objects;
  const objects = renderPortAnew(port, group, dvs, vhostSocketDir);
  renderedPorts.set(port, { group, dvs, vhostSocketDir, objects });
  return objects;
}

function renderPortAnew(port: Port, group: PortGroup, dvs: Switch, vhostSocketDir: string): Rendered[] {
  const bridge = bridgeName(dvs.id);
  const name = interfaceName(port.id);
  const owner: OwnerRef = { kind: 'port', id: port.id };
  const because = `port "${port.name}" of group "${group.name}", switch "${dvs.name}"`;
  const socketPath = vhostSocketPath(vhostSocketDir, port.id);
  const enabled = group.adminStatus === 'up';
  const objects: Rendered[] = [
    {
      kind: 'port',
      key: portKey(name),
      spec: {
        kind: 'port',
        bridge,
        portId: port.id,
        number: port.number,
        socketPath,
        vlan: group.vlan,
        enabled,
      },
      dependsOn: [bridgeKey(bridge)],
      claims: [`number:${port.number}`],
      owner,
      because,
    },
  ];
  const { observeOnly } = group.broadcastSuppression;
  for (const kind of SUPPRESSION_KINDS) {
    const threshold = group.broadcastSuppression[kind];
    if (!threshold) continue;
    const meter = meterKey(name, kind);
    objects.push(
      {
        kind: 'meter',
        key: meter,
        spec: meterOf(threshold, dvs.mtuBytes),
        dependsOn: [portKey(name)],
        claims: [],
        owner,
        because: `${kind} threshold of ${because}`,
      },
      {
        kind: 'rule',
        key: ruleKey(name, kind),
        spec: { kind: 'rule', portId: port.id, suppress: kind, meterKey: meter, observeOnly },
        dependsOn: [portKey(name), meter],
        claims: [],
        owner,
        because: `${kind} suppression of ${because}`,
      },
    );
  }
  return objects;
}

const BURST_SECONDS = 0.1;
const ETHERNET_OVERHEAD_BYTES = 18;

/** A tenth of a second's worth, and at least one of the largest frames: a smaller bucket would never let that one through. */
function meterOf({ unit, rate }: SuppressionThreshold, mtuBytes: number): MeterSpec {
  const largestFrame = unit === 'pps' ? 1 : ((mtuBytes + ETHERNET_OVERHEAD_BYTES) * 8) / 1000;
  return { kind: 'meter', unit, rate, burst: Math.max(rate * BURST_SECONDS, largestFrame) };
}
