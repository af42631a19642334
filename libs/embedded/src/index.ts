export * from './nats';
export * from './postgres';
export { freePort } from './readiness';
export { SupervisedChild, type ChildCommand, type SupervisedChildOptions } from './supervised-child';
