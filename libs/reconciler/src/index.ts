export * from './backoff';
export * from './clock';
export * from './plan';
export * from './reconciler';
export * from './reconciler-types';
