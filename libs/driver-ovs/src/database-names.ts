/**
 * Who holds which name in the database: names of bridges, ports and interfaces are unique in all of it, OpenFlow port numbers on
 * a bridge. What isn't ours is never taken over, so a name that somebody else has is an error of the object that wants it.
 */
import type { Replica } from '@opendvs/ovsdb';
import type { BridgeRow, InterfaceRow, OvsTables, PortRow } from './ovs-database';
import type { PortSpec } from './ovs-objects';

interface HeldInterface {
  row: InterfaceRow;
  port: PortRow;
  bridge: string;
}

export class DatabaseNames {
  private readonly bridges = new Map<string, BridgeRow>();
  private readonly ports = new Map<string, { row: PortRow; bridge: string }>();
  private readonly interfaces = new Map<string, HeldInterface>();
  private readonly numbers = new Map<string, HeldInterface>();

  constructor(replica: Replica<OvsTables>) {
    for (const bridge of replica.rows('Bridge').values()) {
      this.bridges.set(bridge.name, bridge);
      for (const port of bridge.ports.flatMap((uuid) => replica.rows('Port').get(uuid) ?? [])) {
        this.ports.set(port.name, { row: port, bridge: bridge.name });
        for (const row of port.interfaces.flatMap((uuid) => replica.rows('Interface').get(uuid) ?? [])) {
          const held = { row, port, bridge: bridge.name };
          this.interfaces.set(row.name, held);
          if (row.ofport !== null) this.numbers.set(`${bridge.name}/${row.ofport}`, held);
        }
      }
    }
  }

  bridge(name: string): BridgeRow | undefined {
    return this.bridges.get(name);
  }

  /**
   * What stands in the way of a port, in words; `null`: nothing.
   * @param ownPort the row that the port already has
   */
  obstacleTo(spec: PortSpec, ownPort: PortRow | null): string | null {
    const port = this.ports.get(spec.name);
    if (port && port.row._uuid !== ownPort?._uuid) {
      return `port ${spec.name} already exists on bridge ${port.bridge} and is not OpenDVS's: remove it with ovs-vsctl del-port ${spec.name}`;
    }
    for (const wanted of spec.interfaces) {
      const holder = this.interfaces.get(wanted.name);
      if (holder && holder.port._uuid !== ownPort?._uuid) {
        return `interface ${wanted.name} is already in port ${holder.port.name} of bridge ${holder.bridge}: take it out there, or choose another NIC`;
      }
    }
    return this.numberObstacle(spec, ownPort);
  }

  private numberObstacle({ bridge, interfaces }: PortSpec, ownPort: PortRow | null): string | null {
    for (const { ofportRequest } of interfaces) {
      const holder = this.numbers.get(`${bridge}/${ofportRequest}`);
      if (holder && holder.port._uuid !== ownPort?._uuid) {
        const { name } = holder.row;
        return `OpenFlow port ${ofportRequest} of bridge ${bridge} is held by interface ${name}: give that one another number (ovs-vsctl set Interface ${name} ofport_request=…) or remove it`;
      }
    }
    return null;
  }
}
