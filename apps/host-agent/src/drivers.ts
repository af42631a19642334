/** The one place that knows which dataplane engines there are. */
import { join } from 'node:path';
import type { DataplaneDriver } from '@opendvs/dataplane';
import { SimDriver, SimulatedEngine } from '@opendvs/driver-sim';
import type { AgentConfig } from './agent-config';

export function createDriver(config: AgentConfig): DataplaneDriver {
  switch (config.engine) {
    case 'ovs-dpdk':
      throw new Error('not built yet');
    case 'sim':
      return new SimDriver(
        new SimulatedEngine({ stateFile: join(config.stateDir, 'simulated-engine.json') }),
      );
  }
}
