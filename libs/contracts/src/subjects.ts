/**
 * Where things are on the bus. Hosts and objects are named by their UUID, which is also a safe subject token.
 *
 * Desired state is one JetStream KV bucket. A host reads two prefixes: its own and the shared one, each with one wildcard
 * filter (nats-server 2.9 has no more); within a prefix the order of messages is the order of revisions.
 */
export const DESIRED_BUCKET = 'opendvs-desired';

export const desiredKeys = {
  /** Written last when the bucket is filled, and before tombstones are purged: see DesiredMeta. */
  meta: 'shared.meta',
  switch: (switchId: string) => `shared.switch.${switchId}`,
  portGroup: (portGroupId: string) => `shared.port-group.${portGroupId}`,
  host: (hostId: string) => `host.${hostId}.config`,
  port: (hostId: string, portId: string) => `host.${hostId}.port.${portId}`,
  allShared: 'shared.>',
  allOfHost: (hostId: string) => `host.${hostId}.>`,
} as const;

/** Core NATS subjects that a host publishes on. */
export const hostSubjects = {
  heartbeat: (hostId: string) => `opendvs.v1.host.${hostId}.heartbeat`,
  status: (hostId: string) => `opendvs.v1.host.${hostId}.status`,
  counters: (hostId: string) => `opendvs.v1.host.${hostId}.counters`,
} as const;
/** What a manager subscribes to: every host's heartbeat, status and counters. */
export const allHostsSubject = 'opendvs.v1.host.*.*';

/** Request/reply to one agent, on Nest's NATS transport: `opendvs.v1.rpc.<host>.<pattern>`. */
export const rpcSubject = (hostId: string, pattern: RpcPattern) => `${rpcSubjectPrefix(hostId)}.${pattern}`;
export const rpcSubjectPrefix = (hostId: string) => `opendvs.v1.rpc.${hostId}`;
export const RPC_PATTERNS = ['plan', 'port', 'report-all'] as const;
export type RpcPattern = (typeof RPC_PATTERNS)[number];

export const HEARTBEAT_INTERVAL_MS = 1000;
/** A host that has been silent so long is shown as down. */
export const HEARTBEAT_TIMEOUT_MS = 3500;
