/** A port asked for by POST until it is applied, one after another, beside what the engine alone takes for the same. */
import type { FloorClient } from './floor';
import type { BenchLab } from './lab';
import { percentile, timed } from './percentiles';
import { addPort, deletePorts, makeScenery, removeScenery } from './scenery';

export interface WireResult {
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  floorP50Ms: number;
}

const PORTS = 100;

export async function measureWire(lab: BenchLab, openFloor: () => Promise<FloorClient>): Promise<WireResult> {
  const floor = await floorTimes(await openFloor());
  const scenery = await makeScenery(lab, 'wire');
  const ids: string[] = [];
  const times: number[] = [];
  for (let index = 0; index < PORTS; index += 1) {
    const { result, ms } = await timed(() => addPort(lab, scenery, `wire-${index}`));
    ids.push(result);
    times.push(ms);
  }
  await deletePorts(lab, ids);
  await removeScenery(lab, scenery);
  return {
    p50Ms: percentile(times, 50),
    p95Ms: percentile(times, 95),
    p99Ms: percentile(times, 99),
    floorP50Ms: percentile(floor, 50),
  };
}

async function floorTimes(client: FloorClient): Promise<number[]> {
  const times: number[] = [];
  try {
    for (let number = 1; number <= PORTS; number += 1)
      times.push((await timed(() => client.addPorts(number, 1))).ms);
  } finally {
    await client.close();
  }
  return times;
}
