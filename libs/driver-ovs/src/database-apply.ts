/**
 * Carries out steps on the database: one transaction, then waits until vswitchd has taken it over, then looks at what came of each
 * port. When the transaction as a whole is refused (somebody else was quicker), each step is tried by itself.
 */
import type { StepResult } from '@opendvs/dataplane';
import { OvsdbTransactionError } from '@opendvs/ovsdb';
import { DatabaseBatch, type DatabaseStep } from './database-batch';
import type { EngineSession } from './engine-session';
import { hasItsMtu, type ObservedDatabase } from './observe-database';
import type { OvsSpec } from './ovs-objects';

/** The database as it is, in specs. */
export type Observe = () => ObservedDatabase;

/** vswitchd looks at its devices ten times a second. */
const MTU_TAKEN_WITHIN_MS = 500;

export async function applyToDatabase(
  session: EngineSession,
  steps: readonly DatabaseStep[],
  observe: Observe,
  signal: AbortSignal,
): Promise<StepResult[]> {
  try {
    return await applyTogether(session, steps, observe, signal);
  } catch (error) {
    if (!(error instanceof OvsdbTransactionError)) throw error;
    const [only] = steps;
    if (steps.length === 1) return [{ key: only!.key, ok: false, error: error.message }];
  }
  const results: StepResult[] = [];
  for (const step of steps) results.push(...(await applyToDatabase(session, [step], observe, signal)));
  return results;
}

async function applyTogether(
  session: EngineSession,
  steps: readonly DatabaseStep[],
  observe: Observe,
  signal: AbortSignal,
): Promise<StepResult[]> {
  const transaction = session.client.begin();
  const batch = new DatabaseBatch(transaction, session.replica, observe(), session.rootUuid);
  const root = batch.add(steps);
  if (batch.refused.size < steps.length) {
    const [row] = (await session.client.transact(transaction)).rowsOf(root);
    await session.takenOver(row!.next_cfg, signal);
    await mtusTaken(session, steps, observe, signal);
  }
  const after = observe();
  return steps.map((step): StepResult => {
    const error = batch.refused.get(step.key) ?? outcomeOf(step, after);
    return error === null ? { key: step.key, ok: true } : { key: step.key, ok: false, error };
  });
}

/** Gives NICs a moment to take an MTU; whether they did is seen afterwards. */
async function mtusTaken(
  session: EngineSession,
  steps: readonly DatabaseStep[],
  observe: Observe,
  signal: AbortSignal,
): Promise<void> {
  const uplinks = steps.filter((step) => step.verb !== 'delete' && step.to.kind === 'uplink');
  if (uplinks.length === 0) return;
  const haveTheirs = () =>
    uplinks.every(({ key }) => observe().ports.get(key)?.interfaces.every(hasItsMtu) ?? true);
  await session.waitFor(haveTheirs, MTU_TAKEN_WITHIN_MS, signal);
}

/** What is wrong with the object of a step now; `null`: nothing. */
function outcomeOf(step: DatabaseStep, { bridges, ports }: ObservedDatabase): string | null {
  if (step.verb === 'delete') return null;
  const found = bridges.get(step.key) ?? ports.get(step.key);
  if (!found) return `${step.key} was made and is gone again: somebody else deletes it`;
  return faultIn(found.object.spec);
}

export function faultIn(spec: OvsSpec): string | null {
  return 'fault' in spec ? (spec.fault ?? null) : null;
}
