/** A switch, a port group with thresholds and the host in it: what every measurement starts from. */
import type { Item, NewItem } from '@opendvs/api-client';
import type { BenchLab } from './lab';

export interface Scenery {
  switchId: string;
  portGroupId: string;
}

export async function makeScenery({ network, hostId }: BenchLab, name: string): Promise<Scenery> {
  const dvs = await network.createSwitch({ name }, [hostId]);
  const group = await network.create('port-groups', {
    switchId: dvs.id,
    name: 'bench',
    vlanId: 100,
    broadcastSuppression: { arpBroadcast: { rateKbps: 64 }, allBroadcast: { ratePps: 1000 } },
  });
  return { switchId: dvs.id, portGroupId: group.id };
}

export async function removeScenery({ network, hostId }: BenchLab, scenery: Scenery): Promise<void> {
  await network.delete('port-groups', scenery.portGroupId);
  await network.api.send('DELETE', `/api/v1/switches/${scenery.switchId}/hosts/${hostId}${APPLIED}`);
  await network.delete('switches', scenery.switchId);
}

function portSettings(lab: BenchLab, scenery: Scenery, name: string): NewItem<'ports'> {
  return { portGroupId: scenery.portGroupId, hostId: lab.hostId, name };
}

/** One POST, held until it is applied. Without an Idempotency-Key, as most programs post. */
export async function addPort(lab: BenchLab, scenery: Scenery, name: string): Promise<string> {
  const body = portSettings(lab, scenery, name);
  const response = await lab.network.api.send('POST', `/api/v1/ports${APPLIED}`, { body });
  const { id, applied } = (await response.json()) as { id: string; applied: boolean };
  if (!applied) throw new Error(`port ${name} was not applied`);
  return id;
}

/** One bulk request, held until all is applied. */
export async function addPorts(
  lab: BenchLab,
  scenery: Scenery,
  prefix: string,
  count: number,
): Promise<Item<'ports'>[]> {
  const create = Array.from({ length: count }, (_, index) =>
    portSettings(lab, scenery, `${prefix}-${index}`),
  );
  return (await bulk(lab, { create })).created;
}

export async function deletePorts(lab: BenchLab, ids: readonly string[]): Promise<void> {
  await bulk(lab, { delete: ids.map((id) => ({ id })) });
}

const APPLIED = '?wait=applied&timeoutMs=60000';

async function bulk({ network }: BenchLab, body: object): Promise<{ created: Item<'ports'>[] }> {
  const response = await network.api.send('POST', `/api/v1/ports/bulk${APPLIED}`, { body });
  const answer = (await response.json()) as { created: Item<'ports'>[]; applied: boolean };
  if (!answer.applied)
    throw new Error(`a bulk request was not applied: ${JSON.stringify(answer).slice(0, 500)}`);
  return answer;
}
