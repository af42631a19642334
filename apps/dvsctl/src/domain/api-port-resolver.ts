/**
 * The ports of a domain, found or made in the manager. A port is recognised by its MAC address when the domain gives one, and else by its
 * name, VM-nicN: so rendering the same domain twice finds the ports of the first time. A port that exists but is not what the domain says is
 * refused, never changed: rendering a domain must not move a running VM.
 */
import type { ApiClient, Item } from '@opendvs/api-client';
import {
  DomainXmlError,
  QUEUES_MAX,
  type DomainFacts,
  type DomainRemark,
  type NetworkInterface,
  type PortFacts,
  type PortResolver,
} from '@opendvs/libvirt';
import { CommandError, UsageError } from '../failure';
import { Lookup } from '../resources/lookup';

type Switch = Item<'switches'>;
type PortGroup = Item<'port-groups'>;
type Host = Item<'hosts'>;
type Port = Item<'ports'>;

/** One interface, with what it refers to. */
interface Wanted {
  nic: NetworkInterface;
  onSwitch: Switch;
  group: PortGroup;
  host: Host;
  /** Null: to be created. */
  port: Port | null;
  name: string;
}

export interface ResolverOptions {
  /** Name or id of the host that the VM runs on; null: the only one in the switch. */
  host: string | null;
  /** Names that are libvirt networks, although an interface names a portgroup of them. */
  libvirtNetworks: readonly string[];
}

export class ApiPortResolver implements PortResolver {
  private wanted: Wanted[] = [];

  constructor(
    private readonly api: ApiClient,
    private readonly options: ResolverOptions,
    /** Told of each port that is created. */
    private readonly created: (port: Port) => void,
  ) {}

  /** Everything that can be wrong is found here, before a port is made. */
  async select(domain: DomainFacts): Promise<NetworkInterface[]> {
    const problems: DomainRemark[] = [];
    for (const nic of domain.interfaces) {
      try {
        const wanted = await this.read(domain, nic);
        if (wanted) this.wanted.push(wanted);
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
        problems.push({ line: nic.line, message: error.message });
      }
    }
    if (problems.length > 0) throw new DomainXmlError(problems);
    return this.wanted.map(({ nic }) => nic);
  }

  async resolve(domain: DomainFacts): Promise<PortFacts[]> {
    const facts: PortFacts[] = [];
    for (const wanted of this.wanted) {
      const port = wanted.port ?? (await this.create(domain, wanted));
      facts.push(portFacts(port, wanted.onSwitch));
    }
    return facts;
  }

  private async read(domain: DomainFacts, nic: NetworkInterface): Promise<Wanted | null> {
    const onSwitch = await this.findSwitch(nic);
    if (!onSwitch) return null;
    const group = await this.findGroup(nic, onSwitch);
    const host = await this.findHost(onSwitch);
    const name = `${domain.name}-nic${nic.nicIndex}`;
    const port = await this.findPort(nic, onSwitch, name);
    if (port) checkPort(port, { domain, group, host });
    return { nic, onSwitch, group, host, port, name };
  }

  private async findSwitch({ network, portgroup }: NetworkInterface): Promise<Switch | null> {
    if (network === '' || this.options.libvirtNetworks.includes(network)) return null;
    const found = (await this.api.collection('switches').list({ name: network })).items[0];
    if (found || portgroup === null) return found ?? null;
    throw new Mismatch(
      `no switch is called "${network}" ("dvsctl switch list" shows what there is); if it is a libvirt network, add --libvirt-network ${network}`,
    );
  }

  private async findGroup({ portgroup }: NetworkInterface, onSwitch: Switch): Promise<PortGroup> {
    const groups = this.api.collection('port-groups');
    const found =
      portgroup === null
        ? undefined
        : (await groups.list({ switchId: onSwitch.id, name: portgroup })).items[0];
    if (found) return found;
    const { items, total } = await groups.list({ switchId: onSwitch.id, sort: 'name', limit: 20 });
    const choice =
      items.length === 0
        ? 'it has none yet'
        : `it has ${items.map(({ name }) => name).join(', ')}${total > items.length ? ' …' : ''}`;
    const wrong = portgroup === null ? 'names no portgroup' : `has no port group "${portgroup}"`;
    throw new Mismatch(
      portgroup === null
        ? `the interface on switch ${onSwitch.name} ${wrong}; ${choice}`
        : `switch ${onSwitch.name} ${wrong}; ${choice}`,
    );
  }

  private async findHost(onSwitch: Switch): Promise<Host> {
    const { items, total } = await this.api
      .collection('hosts')
      .list({ switchId: onSwitch.id, sort: 'name', limit: 20 });
    const names = items.map(({ name }) => name).join(', ');
    if (this.options.host === null) {
      const [only] = items;
      if (only && total === 1) return only;
      const choice =
        total === 0
          ? `put one into it with "dvsctl switch add-host ${onSwitch.name} HOST"`
          : `say which with --host: ${names}`;
      throw new UsageError(`switch ${onSwitch.name} has ${total} hosts; ${choice}`);
    }
    const id = await new Lookup(this.api).id('host', this.options.host);
    const host = (await this.api.collection('hosts').get(id)).value;
    if (host.switchIds.includes(onSwitch.id)) return host;
    throw new CommandError(
      'conflict',
      `host ${host.name} is not in switch ${onSwitch.name}; "dvsctl switch add-host ${onSwitch.name} ${host.name}" puts it in`,
    );
  }

  private async findPort(
    { macAddress }: NetworkInterface,
    onSwitch: Switch,
    name: string,
  ): Promise<Port | null> {
    const ports = this.api.collection('ports');
    const byMac =
      macAddress === null ? undefined : (await ports.list({ switchId: onSwitch.id, macAddress })).items[0];
    if (byMac) return byMac;
    const byName = (await ports.list({ switchId: onSwitch.id, name })).items[0];
    if (!byName || macAddress === null) return byName ?? null;
    throw new Mismatch(
      `port ${name} has the MAC address ${byName.macAddress}, the domain says ${macAddress}; change either, or delete the port`,
    );
  }

  private async create(domain: DomainFacts, { nic, group, host, name }: Wanted): Promise<Port> {
    const { value } = await this.api.collection('ports').create({
      name,
      portGroupId: group.id,
      hostId: host.id,
      macAddress: nic.macAddress,
      queues: Math.min(nic.queues ?? 1, domain.vcpus, QUEUES_MAX),
      vmName: domain.name,
      vmId: domain.uuid,
    });
    this.created(value);
    return value;
  }
}

function portFacts(
  { interfaceName, socketPath, macAddress, queues, ringSize }: Port,
  { mtuBytes }: Switch,
): PortFacts {
  return { interfaceName, socketPath, macAddress, queues, ringSize, mtuBytes };
}

/** An interface of the domain that doesn't fit what the manager has; told with its line. */
class Mismatch extends Error {
  override readonly name = 'Mismatch';
}

function checkPort(
  port: Port,
  { domain, group, host }: { domain: DomainFacts; group: PortGroup; host: Host },
): void {
  const sameVm =
    (port.vmId !== null && port.vmId === domain.uuid) ||
    (port.vmName !== null && port.vmName === domain.name);
  const unowned = port.vmId === null && port.vmName === null;
  const owner = port.vmName ?? port.vmId;
  if (!sameVm && !unowned)
    throw new Mismatch(
      `port ${port.name} (${port.macAddress}) belongs to VM ${owner}; give this interface another MAC address`,
    );
  if (port.portGroupId !== group.id) {
    throw new Mismatch(
      `port ${port.name} is not in port group ${group.name}; "dvsctl port edit ${port.name} --port-group ${group.name}" moves it`,
    );
  }
  if (port.hostId !== host.id) {
    throw new Mismatch(
      `port ${port.name} is on another host than ${host.name}; a port does not move: delete it when its VM is off, and render again`,
    );
  }
}
