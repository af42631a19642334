/** What can be shown without root, hugepages or Open vSwitch: everything but packets. The dataplane of every host is simulated. */
import type { Installation } from './installation';
import { Network } from './network';
import type { Progress } from './progress';
import { renderTable } from './table';

const PORTS_PER_HOST = 2;

export async function simulate({ api, hosts }: Installation, progress: Progress): Promise<void> {
  const network = new Network(api);
  const group = await progress.step('Switch "demo" with port group vlan-100', async (tell) => {
    const { id: switchId } = await network.createSwitch(
      { name: 'demo' },
      hosts.map(({ id }) => id),
    );
    tell(`on ${hosts.length} simulated hosts`);
    return network.create('port-groups', { switchId, name: 'vlan-100', type: 'access', vlanId: 100 });
  });
  const ports = await progress.step(`${PORTS_PER_HOST} ports on each host`, async (tell) => {
    const wanted = hosts.flatMap((host) =>
      Array.from({ length: PORTS_PER_HOST }, (_, index) => ({ host, name: `${host.name}-vm${index + 1}` })),
    );
    const made = await Promise.all(
      wanted.map(({ host, name }) =>
        network.create('ports', { name, portGroupId: group.id, hostId: host.id, vmName: name }),
      ),
    );
    tell(`${made.length} ports are in the simulated dataplanes`);
    return made;
  });
  await progress.step('A broadcast threshold on the port group', async (tell) => {
    const startedAt = performance.now();
    await network.patch('port-groups', group.id, {
      broadcastSuppression: { allBroadcast: { ratePps: 1000 } },
    });
    tell(`acknowledged by ${hosts.length} hosts after ${(performance.now() - startedAt).toFixed(0)} ms`);
  });
  await progress.step('The same moved to VLAN 200', async (tell) => {
    const startedAt = performance.now();
    await network.patch('port-groups', group.id, { vlanId: 200 });
    tell(`acknowledged by ${hosts.length} hosts after ${(performance.now() - startedAt).toFixed(0)} ms`);
  });
  const rows = await Promise.all(
    ports.map(async ({ id }) => {
      const { name, hostId, status } = await network.port(id);
      return [name, hosts.find((host) => host.id === hostId)!.name, status.state];
    }),
  );
  progress.print(renderTable(['port', 'simulated host', 'state'], rows));
}
