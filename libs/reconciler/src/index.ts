export * from './backoff';
export * from './clock';
export * from './execute-plan';
export * from './plan';
export * from './plan-steps';
export * from './reconciler';
export * from './reconciler-types';
export { canonicalJson, sameSpec } from './same-spec';
