export * from './nats-options';
export * from './host-rpc-server';
