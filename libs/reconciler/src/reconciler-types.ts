/** What the agent and the reconciler tell one another. */
import type { DataplaneDriver, DriverDescription, Problem } from '@opendvs/dataplane';
import type { AppliedRevisions, PortStatus } from '@opendvs/model';
import type { Backoff } from './backoff';
import type { Clock } from './clock';

export interface ReconcilerLogger {
  debug(message: string, details?: Record<string, unknown>): void;
  info(message: string, details?: Record<string, unknown>): void;
  warn(message: string, details?: Record<string, unknown>): void;
  error(message: string, details?: Record<string, unknown>): void;
}

export interface ReconcilerOptions<S = unknown> {
  driver: DataplaneDriver<S>;
  logger: ReconcilerLogger;
  /** How often the engine is read back in full when nothing calls for it earlier. 3000 by default. */
  auditIntervalMs?: number;
  clock?: Clock;
  /** Made once for each object that fails, and thrown away when it succeeds or its desired state changes. */
  newBackoff?: () => Backoff;
}

export interface ReconcilerSnapshot {
  /** null until the engine has been opened once. */
  description: DriverDescription | null;
  engineUp: boolean;
  /** Why the engine is away, or why the last round could not be finished; null when all is well. */
  engineReason: string | null;
  /** Zeroes until a round has been done. */
  appliedRevisions: AppliedRevisions;
  /** Every port of the desired state, by its id. */
  ports: ReadonlyMap<string, PortStatus>;
  /** Objects that could not be applied, those of ports not included: ports have a status of their own. */
  problems: readonly Problem[];
  totals: ReconcilerTotals;
}

/** Counts since the start. */
export interface ReconcilerTotals {
  rounds: number;
  audits: number;
  stepsApplied: number;
  stepsFailed: number;
  /** Steps that put right what somebody else had changed in the engine. */
  repairs: number;
}

/** What a round or an event changed; called only when there is something. */
export interface ReconcilerChange {
  /** Ports that are new, or whose state, reason or applied revision changed. */
  ports: readonly PortStatus[];
  gonePortIds: readonly string[];
  /** null when they didn't move. */
  appliedRevisions: AppliedRevisions | null;
  /** engineUp, engineReason or description changed: see the snapshot. */
  engineChanged: boolean;
  /** problems changed: see the snapshot. */
  problemsChanged: boolean;
}
