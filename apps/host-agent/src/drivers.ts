/** The one place that knows which dataplane engines there are. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DataplaneDriver } from '@opendvs/dataplane';
import { SimDriver, SimulatedEngine } from '@opendvs/driver-sim';
import type { AgentConfig } from './agent-config';

/** Where the simulated engine keeps its objects, so that a restarted agent finds it as it was. */
export const SIMULATED_ENGINE_FILE = 'simulated-engine.json';

export function createDriver(config: AgentConfig): DataplaneDriver {
  switch (config.engine) {
    case 'ovs-dpdk':
      throw new Error('not built yet');
    case 'sim':
      mkdirSync(config.stateDir, { recursive: true, mode: 0o700 });
      return new SimDriver(new SimulatedEngine({ stateFile: join(config.stateDir, SIMULATED_ENGINE_FILE) }));
  }
}
