/**
 * Desired state as the objects of Open vSwitch. Pure; objects of a port are made once and given again as long as the port, its group
 * and its switch are the same (by identity), so that a change of one port costs one port.
 */
import type { HostDesired } from '@opendvs/dataplane';
import type { Host, Port, PortGroup, Switch, UplinkGroup } from '@opendvs/model';
import type { FlowsSpec, OvsObject } from './ovs-objects';
import { renderFlows, renderPort, shapeOfFlows } from './render-port';
import { renderSwitch } from './render-switch';

interface RenderedPort {
  group: PortGroup;
  dvs: Switch;
  vhostSocketDir: string;
  flows: FlowsSpec;
  shapeOfFlows: string;
  objects: OvsObject[];
}
interface RenderedSwitch {
  uplinkGroup: UplinkGroup | null;
  hostId: string;
  objects: OvsObject[];
}

export class OvsRenderer {
  private readonly ports = new WeakMap<Port, RenderedPort>();
  private readonly switches = new WeakMap<Switch, RenderedSwitch>();

  render({ host, switches, portGroups, ports }: HostDesired): OvsObject[] {
    const switchById = new Map(switches.map((dvs) => [dvs.id, dvs]));
    const groupById = new Map(portGroups.map((group) => [group.id, group]));
    return [
      ...host.switches.flatMap(({ switchId, uplinkGroup }) =>
        this.switchObjects(switchById.get(switchId)!, uplinkGroup, host),
      ),
      ...ports.flatMap((port) =>
        this.portObjects(port, groupById.get(port.portGroupId)!, switchById.get(port.switchId)!, host),
      ),
    ];
  }

  private portObjects(port: Port, group: PortGroup, dvs: Switch, { vhostSocketDir }: Host): OvsObject[] {
    const known = this.ports.get(port);
    const isSame = known?.group === group && known.dvs === dvs && known.vhostSocketDir === vhostSocketDir;
    if (isSame) return known.objects;
    const shape = shapeOfFlows(group);
    const flows = known?.shapeOfFlows === shape ? known.flows : renderFlows(port, group);
    const objects = renderPort(port, group, dvs, vhostSocketDir, flows);
    this.ports.set(port, { group, dvs, vhostSocketDir, flows, shapeOfFlows: shape, objects });
    return objects;
  }

  private switchObjects(dvs: Switch, uplinkGroup: UplinkGroup | null, host: Host): OvsObject[] {
    const known = this.switches.get(dvs);
    if (known?.uplinkGroup === uplinkGroup && known.hostId === host.id) return known.objects;
    const objects = renderSwitch(dvs, uplinkGroup, host);
    this.switches.set(dvs, { uplinkGroup, hostId: host.id, objects });
    return objects;
  }
}
