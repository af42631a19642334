export * from './backoff';
export * from './clock';
export * from './execute-plan';
export * from './plan';
export { NoDesiredStateError } from './plan-requests';
export * from './plan-steps';
export * from './reconciler';
export * from './reconciler-types';
