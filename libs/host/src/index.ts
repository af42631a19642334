export { isSameProcess, processIdentity, type ProcessIdentity } from './process-identity';
