/** What the demonstration plays in: a switch with two VLANs, and three VMs on it, two in one and one in the other. */
import type { Item } from '@opendvs/api-client';
import type { Guest } from '../../../dataplane/guest/src';
import type { Installation } from './installation';
import { Network } from './network';
import type { Progress } from './progress';
import type { Vms } from './vms';

/** Emulated VMs on a busy machine stop for tenths of a second; their rings hold what arrives meanwhile. */
const RING_SIZE = 1024;

export interface Vm {
  name: string;
  address: string;
  port: Item<'ports'>;
  guest: Guest;
}

export interface Scene {
  network: Network;
  vlan100: Item<'port-groups'>;
  vlan200: Item<'port-groups'>;
  /** vm1 and vm2 are in VLAN 100, vm3 in VLAN 200; all have addresses of one subnet. */
  vm1: Vm;
  vm2: Vm;
  vm3: Vm;
}

export async function buildScene({ api, hosts }: Installation, vms: Vms, progress: Progress): Promise<Scene> {
  const network = new Network(api);
  const [host] = hosts;
  const [vlan100, vlan200] = await progress.step(
    'Switch "demo" with port groups vlan-100 and vlan-200',
    async (tell) => {
      const { id: switchId } = await network.createSwitch({ name: 'demo' }, [host!.id]);
      tell('in the dataplane');
      const group = (vlanId: number) =>
        network.create('port-groups', { switchId, name: `vlan-${vlanId}`, type: 'access', vlanId });
      return [await group(100), await group(200)] as const;
    },
  );
  const ports = await progress.step('Three ports', async (tell) => {
    const startedAt = performance.now();
    const made = [];
    for (const [name, group] of [
      ['vm1', vlan100],
      ['vm2', vlan100],
      ['vm3', vlan200],
    ] as const) {
      made.push(
        await network.create('ports', {
          name,
          portGroupId: group.id,
          hostId: host!.id,
          vmName: name,
          ringSize: RING_SIZE,
        }),
      );
    }
    tell(
      `each in the dataplane and acknowledged after ${((performance.now() - startedAt) / made.length).toFixed(0)} ms on average`,
    );
    return made;
  });
  const [vm1, vm2, vm3] = await progress.step(
    'Three VMs, vhost-user and hugepages, under libvirt',
    async (tell) => {
      const specs = await Promise.all(
        ports.map(async ({ id, name }, index) => ({
          name,
          address: `10.42.0.${index + 1}`,
          interfaceXml: await network.interfaceXml(id),
        })),
      );
      const guests = await vms.start(specs.map((spec) => ({ ...spec, address: `${spec.address}/24` })));
      for (const port of ports) await network.untilState(port.id, 'connected');
      tell('booted, and their ports are connected');
      return specs.map(({ name, address }, index): Vm => ({
        name,
        address,
        port: ports[index]!,
        guest: guests[index]!,
      }));
    },
  );
  return { network, vlan100, vlan200, vm1: vm1!, vm2: vm2!, vm3: vm3! };
}
