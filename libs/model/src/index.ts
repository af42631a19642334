export * from './vlan';
export * from './broadcast-suppression';
export * from './objects';
export * from './port-names';
export * from './status';
