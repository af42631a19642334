/**
 * The messages an agent publishes, numbered and within the limits of the contract. Pure but for the numbers: nothing is sent
 * here. Compose only what is then published, or the manager sees a gap.
 */
import type { CountersReport, Heartbeat, StatusReport } from '@opendvs/contracts';
import type { AppliedRevisions, PortCounters, PortStatus } from '@opendvs/model';
import type { ReconcilerChange, ReconcilerSnapshot } from '@opendvs/reconciler';
import type { AgentIdentity } from '../agent-identity';
import type { DesiredStateStanding } from '../desired-state/desired-state-source';
import type { LocalProblem } from '../local-problems';
import { clip, pieces } from './report-pieces';

const STATUS_PORTS_MAX = 2000;
const COUNTERS_PORTS_MAX = 1000;
const TEXT_MAX = 2000;
const PROBLEMS_MAX = 100;

export class ReportComposer {
  private readonly seq = { heartbeat: 0, status: 0, counters: 0 };
  private told: AppliedRevisions = { host: 0, shared: 0 };

  constructor(private readonly agent: AgentIdentity) {}

  heartbeat(
    snapshot: ReconcilerSnapshot,
    standing: DesiredStateStanding,
    localProblems: readonly LocalProblem[],
  ): Heartbeat {
    const { description, engineReason } = snapshot;
    const problems = [
      ...localProblems,
      // The heartbeat has no place for an engine that nobody has seen yet.
      ...(description === null && engineReason ? [{ object: 'engine', message: engineReason }] : []),
      ...snapshot.problems.map(({ owner, message }) => ({ object: `${owner.kind}:${owner.id}`, message })),
    ];
    return {
      ...this.source('heartbeat'),
      agentVersion: clip(this.agent.version, 64),
      engine: engineOf(snapshot),
      desiredState: standing.state,
      desiredStateReason: standing.reason && clip(standing.reason, TEXT_MAX),
      appliedRevisions: snapshot.appliedRevisions,
      problems: problems
        .slice(0, PROBLEMS_MAX)
        .map(({ object, message }) => ({ object: clip(object, 256), message: clip(message, TEXT_MAX) })),
    };
  }

  /** All ports, in as many reports as it takes. */
  fullStatus({ ports, appliedRevisions }: ReconcilerSnapshot): StatusReport[] {
    this.told = appliedRevisions;
    return pieces([...ports.values()].map(clipped), STATUS_PORTS_MAX).map((piece, part, all) => ({
      ...this.source('status'),
      full: true,
      part,
      last: part === all.length - 1,
      appliedRevisions,
      ports: piece,
      gone: [],
    }));
  }

  /** What changed. The new revisions are on the last report only: whoever waits for them must have heard of every error before. */
  changedStatus({ ports, gonePortIds, appliedRevisions }: ReconcilerChange): StatusReport[] {
    const before = this.told;
    if (appliedRevisions) this.told = appliedRevisions;
    const changed = pieces(ports.map(clipped), STATUS_PORTS_MAX);
    const gone = pieces(gonePortIds, STATUS_PORTS_MAX);
    const last = Math.max(changed.length, gone.length) - 1;
    return Array.from({ length: last + 1 }, (_, part) => ({
      ...this.source('status'),
      full: false,
      part,
      last: part === last,
      appliedRevisions: part === last ? this.told : before,
      ports: changed[part] ?? [],
      gone: gone[part] ?? [],
    }));
  }

  counters(takenAt: Date, ports: readonly PortCounters[]): CountersReport[] {
    if (ports.length === 0) return [];
    return pieces(ports, COUNTERS_PORTS_MAX).map((piece) => ({
      ...this.source('counters'),
      takenAt: takenAt.toISOString(),
      ports: piece,
    }));
  }

  private source(kind: keyof typeof this.seq): Pick<Heartbeat, 'hostId' | 'bootId' | 'seq' | 'sentAt'> {
    return {
      hostId: this.agent.hostId,
      bootId: this.agent.bootId,
      seq: this.seq[kind]++,
      sentAt: new Date().toISOString(),
    };
  }
}

function clipped(status: PortStatus): PortStatus {
  return { ...status, reason: status.reason && clip(status.reason, TEXT_MAX) };
}

function engineOf({ description, engineUp, engineReason }: ReconcilerSnapshot): Heartbeat['engine'] {
  if (!description) return null;
  const { switchModes, suppressionKinds, unsupported, maxPorts } = description.capabilities;
  return {
    name: clip(description.engine, 64),
    version: clip(description.engineVersion, 256),
    up: engineUp,
    reason: engineReason && clip(engineReason, TEXT_MAX),
    capabilities: { switchModes, suppressionKinds, unsupported, maxPorts },
  };
}
