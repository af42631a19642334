export * from './nats';
export * from './postgres';
export { freePort } from './readiness';
