export * from './subjects';
export * from './desired';
export * from './reports';
export * from './rpc';
