export {
  ovsdbServerCommand,
  vswitchdCommand,
  ovsdbSocketOf,
  type Command,
  type InstancePaths,
} from './commands';
export { configureEngine, prepareInstance, ENGINE_DATABASE, type EngineSettings } from './database';
export { checkDpdkPrerequisites, OvsPrerequisiteError, type DpdkSettings } from './prerequisites';
export { startOvs, type OvsInstance, type StartOvsOptions } from './start-ovs';
export type { DaemonExit } from './daemon';
