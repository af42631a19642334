/** 500 ports at once: as single requests in parallel, and as one bulk request; beside one transaction and one bundle by a bare client. */
import type { FloorClient } from './floor';
import type { BenchLab } from './lab';
import { rounded, timed } from './percentiles';
import { addPort, addPorts, deletePorts, makeScenery, removeScenery } from './scenery';

export interface BurstResult {
  ports: number;
  totalMs: number;
  bulkTotalMs: number;
  floorTotalMs: number;
  ratio: number;
  bulkRatio: number;
}

const PORTS = 500;

export async function measureBurst(
  lab: BenchLab,
  openFloor: () => Promise<FloorClient>,
): Promise<BurstResult> {
  const client = await openFloor();
  const floor = await timed(() => client.addPorts(1, PORTS)).finally(() => client.close());
  const scenery = await makeScenery(lab, 'burst');
  const single = await timed(() =>
    Promise.all(Array.from({ length: PORTS }, (_, index) => addPort(lab, scenery, `burst-${index}`))),
  );
  await deletePorts(lab, single.result);
  const bulk = await timed(() => addPorts(lab, scenery, 'bulk', PORTS));
  await deletePorts(
    lab,
    bulk.result.map(({ id }) => id),
  );
  await removeScenery(lab, scenery);
  return {
    ports: PORTS,
    totalMs: rounded(single.ms),
    bulkTotalMs: rounded(bulk.ms),
    floorTotalMs: rounded(floor.ms),
    ratio: rounded(single.ms / floor.ms),
    bulkRatio: rounded(bulk.ms / floor.ms),
  };
}
