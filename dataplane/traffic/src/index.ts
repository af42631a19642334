export * from './testpmd-guest';
