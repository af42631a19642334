export { OvsDriver, type OvsDriverOptions } from './ovs-driver';
export type { OvsSpec } from './ovs-objects';
export { OVS_CAPABILITIES } from './validate';
