export * from './builders';
export * from './driver-contract';
export * from './driver-harness';
export * from './eventually';
export * from './fake-manager';
export * from './manual-clock';
export * from './reconciler-bench';
export * from './strict-engine';
