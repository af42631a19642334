import type { HostDesired } from '@opendvs/dataplane';
import type { AppliedRevisions } from '@opendvs/model';
import type { Plan } from './plan';
import type { ReconcilerChange, ReconcilerOptions, ReconcilerSnapshot } from './reconciler-types';

/**
 * Brings one engine to the desired state and keeps it there: observe, plan, apply; on every new desired state, drift,
 * engine restart and audit the same round.
 */
export class Reconciler<S = unknown> {
  constructor(private readonly options: ReconcilerOptions<S>) {}

  /**
   * Opens the driver and works until `signal` is aborted, then closes the driver. Call once.
   * Never rejects because of the engine: it waits for it, says so in {@link snapshot}, and goes on when it is back.
   */
  async run(signal: AbortSignal): Promise<void> {
    throw new Error('not built yet');
  }

  /**
   * The host's new desired state and the revisions that it stands for. Must be complete: what is not in it gets deleted.
   * Returns at once; the latest one wins. Its objects must not be changed afterwards: unchanged objects should be passed again
   * by identity, which lets drivers reuse what they rendered of them.
   */
  setDesired(desired: HostDesired, revisions: AppliedRevisions): void {
    throw new Error('not built yet');
  }

  /**
   * What would be done now, after reading the engine back; nothing is applied. Takes its turn between rounds.
   * @throws EngineUnavailableError while the engine is away; NoDesiredStateError before the first {@link setDesired}.
   */
  async planNow(): Promise<Plan<S>> {
    throw new Error('not built yet');
  }

  snapshot(): ReconcilerSnapshot {
    throw new Error('not built yet');
  }

  /** Calls `listener` after each round or event that changed something. Returns what stops it. */
  onChange(listener: (change: ReconcilerChange) => void): () => void {
    throw new Error('not built yet');
  }
}

export class NoDesiredStateError extends Error {
  override readonly name = 'NoDesiredStateError';
}
