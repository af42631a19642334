/** The agent's configuration: environment variables, checked at start. */
import { readFileSync } from 'node:fs';
import { ConfigError, loadConfig, tcpPort } from '@opendvs/config';
import { ENGINES, SOCKET_PATH_BYTES_MAX, vhostSocketPath } from '@opendvs/model';
import { natsOptions } from '@opendvs/messaging';
import { z } from 'zod';
import { LOG_LEVELS } from './agent-logger';
import { errorMessage } from './error-message';

const absolutePath = z.string().regex(/^\/[^\0]*$/, 'has to be an absolute path');
const socketPath = absolutePath.refine(
  (path) => Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX,
  `has to have at most ${SOCKET_PATH_BYTES_MAX} bytes, as a unix socket's path`,
);
const anyPortId = '00000000-0000-4000-8000-000000000000';
/** As the contract has it, so that the manager's configuration of the host can be the same. */
const vhostSocketDir = z
  .string()
  .regex(
    /^\/[A-Za-z0-9._/-]{1,80}$/,
    'has to be an absolute path of letters, digits and "._/-", 81 bytes at most',
  )
  .refine((dir) => !dir.split('/').includes('..'), 'must not contain ".."')
  .refine(
    (dir) => Buffer.byteLength(vhostSocketPath(dir, anyPortId)) <= SOCKET_PATH_BYTES_MAX,
    'is too long for the sockets in it',
  );
const account = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/, "has to be an account's name or number");

export const environmentSchema = z.object({
  OPENDVS_HOST_ID: z
    .uuid('has to be the UUID of this host in the manager')
    .describe('UUID of this host, as in the manager (dvsctl list hosts)'),
  NATS_URL: z
    .string()
    .optional()
    .describe('NATS servers: nats://user:password@host:4222[,…]; tls:// demands TLS'),
  NATS_URL_FILE: absolutePath
    .optional()
    .describe('file that holds it instead, so that no password is in the environment'),
  OPENDVS_ENGINE: z
    .enum(ENGINES)
    .default('ovs-dpdk')
    .describe('what forwards packets: ovs-dpdk, or sim (a simulation)'),
  OPENDVS_OVSDB_SOCKET: socketPath.default('/var/run/openvswitch/db.sock').describe("ovsdb-server's socket"),
  OPENDVS_OVS_RUNDIR: absolutePath
    .default('/var/run/openvswitch')
    .describe("Open vSwitch's run directory, where the bridges' OpenFlow sockets are"),
  OPENDVS_VHOST_SOCKET_DIR: vhostSocketDir
    .default('/run/opendvs/vhost')
    .describe('folder of the vhost-user sockets; the same as in the manager'),
  OPENDVS_VHOST_SOCKET_USER: account.default('libvirt-qemu').describe("QEMU's user, who owns that folder"),
  OPENDVS_VHOST_SOCKET_GROUP: account.default('kvm').describe('its group'),
  OPENDVS_AGENT_STATE_DIR: absolutePath
    .default('/var/lib/opendvs/agent')
    .describe('where the last good desired state is kept'),
  OPENDVS_AGENT_SOCKET: socketPath
    .default('/run/opendvs/agent.sock')
    .describe('unix socket of the local API (GET /v1/status, /v1/plan, /v1/ports, /v1/ports/{id})'),
  OPENDVS_METRICS_ADDRESS: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('address of /metrics and /healthz'),
  OPENDVS_METRICS_PORT: tcpPort.default(9474).describe('their port; 0: one that is free'),
  OPENDVS_COUNTERS_INTERVAL_MS: z.coerce
    .number()
    .int()
    .min(250)
    .max(600_000)
    .default(5000)
    .describe('how often port counters are reported, in milliseconds'),
  OPENDVS_LOG_LEVEL: z.enum(LOG_LEVELS).default('info').describe('debug, info, warn or error'),
});

export interface AgentConfig {
  hostId: string;
  /** May hold a password: never logged. */
  natsUrl: string;
  engine: (typeof ENGINES)[number];
  ovsdbSocket: string;
  ovsRundir: string;
  vhostSocketDir: string;
  vhostSocketUser: string;
  vhostSocketGroup: string;
  stateDir: string;
  agentSocket: string;
  metricsAddress: string;
  metricsPort: number;
  countersIntervalMs: number;
  logLevel: (typeof LOG_LEVELS)[number];
}

/** @throws ConfigError that names every variable at fault, for people; quotes no value */
export function loadAgentConfig(env: NodeJS.ProcessEnv): AgentConfig {
  const read = loadConfig(environmentSchema, env);
  return {
    hostId: read.OPENDVS_HOST_ID.toLowerCase(),
    natsUrl: checkedNatsUrl(natsUrl(read.NATS_URL, read.NATS_URL_FILE)),
    engine: read.OPENDVS_ENGINE,
    ovsdbSocket: read.OPENDVS_OVSDB_SOCKET,
    ovsRundir: read.OPENDVS_OVS_RUNDIR,
    vhostSocketDir: read.OPENDVS_VHOST_SOCKET_DIR.replace(/\/+$/, ''),
    vhostSocketUser: read.OPENDVS_VHOST_SOCKET_USER,
    vhostSocketGroup: read.OPENDVS_VHOST_SOCKET_GROUP,
    stateDir: read.OPENDVS_AGENT_STATE_DIR,
    agentSocket: read.OPENDVS_AGENT_SOCKET,
    metricsAddress: read.OPENDVS_METRICS_ADDRESS,
    metricsPort: read.OPENDVS_METRICS_PORT,
    countersIntervalMs: read.OPENDVS_COUNTERS_INTERVAL_MS,
    logLevel: read.OPENDVS_LOG_LEVEL,
  };
}

function natsUrl(url: string | undefined, file: string | undefined): string {
  if (url && file) throw new ConfigError('Both NATS_URL and NATS_URL_FILE are set: set one of them.');
  if (url) return url;
  if (!file)
    throw new ConfigError('Neither NATS_URL nor NATS_URL_FILE is set: the agent needs a NATS to listen to.');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new ConfigError(`NATS_URL_FILE can't be read: ${errorMessage(error)}`);
  }
}

function checkedNatsUrl(url: string): string {
  try {
    natsOptions(url, 'check');
    return url;
  } catch (error) {
    throw new ConfigError(errorMessage(error));
  }
}

/** What `--help` prints: every variable, what it means and its default. */
export function configHelp(): string {
  const lines = Object.entries(environmentSchema.shape).map(([name, field]) => {
    const fallback = field.safeParse(undefined);
    const value = fallback.success && fallback.data !== undefined ? ` [${fallback.data}]` : '';
    return `  ${name}\n      ${field.description ?? ''}${value}`;
  });
  return `Environment:\n${lines.join('\n')}`;
}
