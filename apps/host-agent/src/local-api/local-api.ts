/**
 * What the host's own people ask when the manager is away, on a unix socket (curl --unix-socket /run/opendvs/agent.sock http://agent/v1/status):
 * what the agent acts on, what it would do, and why each port is as it is.
 */
import { connect } from 'node:net';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Server } from 'node:http';
import { once } from 'node:events';
import type { AppliedRevisions } from '@opendvs/model';
import type { ReconcilerSnapshot } from '@opendvs/reconciler';
import type { AgentIdentity } from '../agent-identity';
import type { BusState } from '../bus/nats-bus';
import type { DesiredStateStanding } from '../desired-state/desired-state-source';
import type { HostInspection } from '../host-inspection';
import type { LocalProblem } from '../local-problems';
import { json, problem, type HttpAnswer, type HttpRoute } from './local-http';

export interface LocalApiOptions {
  identity: AgentIdentity;
  inspection: HostInspection;
  snapshot: () => ReconcilerSnapshot;
  standing: () => DesiredStateStanding;
  /** Of the state acted on. */
  revisions: () => AppliedRevisions | null;
  bus: () => BusState;
  problems: () => LocalProblem[];
}

export function localApi(options: LocalApiOptions): HttpRoute {
  return async (path) => {
    const [, version, resource, id, ...more] = path.replace(/\/$/, '').split('/');
    if (version !== 'v1' || more.length > 0) return notFound(path);
    if (resource === 'ports' && id !== undefined) return portAnswer(options.inspection, id);
    if (id !== undefined) return notFound(path);
    if (resource === 'status') return json(statusOf(options));
    if (resource === 'plan') return json(await options.inspection.plan());
    if (resource === 'ports') return json([...options.snapshot().ports.values()]);
    return notFound(path);
  };
}

function notFound(path: string): HttpAnswer {
  return problem(404, `There is no ${path}; there are /v1/status, /v1/plan, /v1/ports and /v1/ports/{id}.`);
}

async function portAnswer(inspection: HostInspection, portId: string): Promise<HttpAnswer> {
  const found = await inspection.port(portId.toLowerCase());
  return found ? json(found) : problem(404, `This host has no port ${portId}; /v1/ports lists those it has.`);
}

function statusOf({ identity, snapshot, standing, revisions, bus, problems }: LocalApiOptions): unknown {
  const {
    description,
    engineUp,
    engineReason,
    appliedRevisions,
    ports,
    problems: ofObjects,
    totals,
  } = snapshot();
  const states: Record<string, number> = {};
  for (const { state } of ports.values()) states[state] = (states[state] ?? 0) + 1;
  return {
    hostId: identity.hostId,
    version: identity.version,
    bootId: identity.bootId,
    bus: bus(),
    desiredState: { ...standing(), revisions: revisions() },
    engine: {
      up: engineUp,
      reason: engineReason,
      name: description?.engine,
      version: description?.engineVersion,
    },
    appliedRevisions,
    ports: states,
    problems: [
      ...problems(),
      ...ofObjects.map(({ owner, message }) => ({ object: `${owner.kind}:${owner.id}`, message })),
    ],
    totals,
  };
}

/** Listens on the unix socket, readable and writable for root and its group alone. */
export function listenOnSocket(path: string): (server: Server) => void {
  return (server) => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    rmSync(path, { force: true }); // nobody answers on it: see assertNoOtherAgent
    const before = process.umask(0o117);
    try {
      server.listen(path);
    } finally {
      process.umask(before);
    }
  };
}

export class OtherAgentError extends Error {
  override readonly name = 'OtherAgentError';
}

/** Two agents on one engine would undo each other's work. @throws OtherAgentError when one answers on the socket */
export async function assertNoOtherAgent(socketPath: string): Promise<void> {
  const socket = connect(socketPath);
  try {
    await once(socket, 'connect');
  } catch {
    return; // no socket, or nobody behind it
  } finally {
    socket.destroy();
  }
  throw new OtherAgentError(
    `an agent is already running on this host: it answers on ${socketPath}; stop it first, or set OPENDVS_AGENT_SOCKET, ` +
      `OPENDVS_AGENT_STATE_DIR and OPENDVS_HOST_ID apart for a second one on another engine`,
  );
}
