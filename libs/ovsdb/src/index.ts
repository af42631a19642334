export * from './column-types';
export * from './errors';
export * from './json-rpc-connection';
export * from './ovsdb-client';
export * from './replica';
export * from './transaction';
