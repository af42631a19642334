/** The one place that knows which dataplane engines there are. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DataplaneDriver } from '@opendvs/dataplane';
import { OvsDriver } from '@opendvs/driver-ovs';
import { followGuestFiles, SimDriver, SimulatedEngine } from '@opendvs/driver-sim';
import type { AgentConfig } from './agent-config';
import type { AgentLogger } from './agent-logger';
import { errorMessage } from './error-message';

/** Where the simulated engine keeps its objects, so that a restarted agent finds it as it was. */
export const SIMULATED_ENGINE_FILE = 'simulated-engine.json';
/** Where counters that Open vSwitch forgets are carried on. */
const OVS_COUNTERS_FILE = 'ovs-counters.json';

/** Of the engine that the configuration names; nothing is opened yet. */
export function createDriver(config: AgentConfig, logger: AgentLogger): DataplaneDriver {
  makeStateDir(config.stateDir, logger);
  switch (config.engine) {
    case 'ovs-dpdk':
      return new OvsDriver({
        ovsdbSocket: config.ovsdbSocket,
        runDir: config.ovsRundir,
        countersFile: join(config.stateDir, OVS_COUNTERS_FILE),
      });
    case 'sim':
      logger.warn('This is a simulation: nothing forwards packets, and VMs are files beside their sockets');
      return new SimDriver(simulatedEngine(config, logger));
  }
}

function simulatedEngine(config: AgentConfig, logger: AgentLogger): SimulatedEngine {
  const engine = new SimulatedEngine({ stateFile: join(config.stateDir, SIMULATED_ENGINE_FILE) });
  let said = '';
  followGuestFiles(engine, (error) => {
    const reason = errorMessage(error);
    if (reason !== said) logger.warn(`Simulated VMs can't be found: ${reason}`);
    said = reason;
  });
  return engine;
}

/** Without it the host does without what is kept there: its ports are more important. */
function makeStateDir(path: string, logger: AgentLogger): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    logger.error(`The folder of the agent's state, ${path}, can't be made: ${errorMessage(error)}`);
  }
}
