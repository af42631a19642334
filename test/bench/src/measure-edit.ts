/** A new threshold, and a new VLAN, on a port group with 200 ports, until it is applied on all. */
import type { BenchLab } from './lab';
import { percentile, timed } from './percentiles';
import { addPorts, deletePorts, makeScenery, removeScenery } from './scenery';

export interface EditResult {
  ports: number;
  thresholdP50Ms: number;
  vlanP50Ms: number;
}

const PORTS = 200;
const EDITS = 11;

export async function measureEdit(lab: BenchLab): Promise<EditResult> {
  const scenery = await makeScenery(lab, 'edit');
  const ports = await addPorts(lab, scenery, 'edit', PORTS);
  const edit = async (patch: object) =>
    (await timed(() => lab.network.patch('port-groups', scenery.portGroupId, patch))).ms;
  const thresholds: number[] = [];
  const vlans: number[] = [];
  for (let index = 1; index <= EDITS; index += 1) {
    thresholds.push(await edit({ broadcastSuppression: { allBroadcast: { ratePps: 1000 + index } } }));
    vlans.push(await edit({ vlanId: 100 + index }));
  }
  await deletePorts(
    lab,
    ports.map(({ id }) => id),
  );
  await removeScenery(lab, scenery);
  return { ports: PORTS, thresholdP50Ms: percentile(thresholds, 50), vlanP50Ms: percentile(vlans, 50) };
}
