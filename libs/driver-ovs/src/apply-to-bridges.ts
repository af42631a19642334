/** Carries out steps on meters and flows, bridge by bridge at the same time. */
import type { Step, StepResult } from '@opendvs/dataplane';
import type { MeterWitness } from './bridge-session';
import type { EngineSession } from './engine-session';
import { numbersOn } from './observe-engine';
import type { ObservedDatabase } from './observe-database';
import { bridgeKey, type FlowsSpec, type MeterSpec, type OvsSpec } from './ovs-objects';

/** @param witnessOf is told of the meters of a bridge that are changed */
export async function applyToBridges(
  session: EngineSession,
  steps: readonly Step<OvsSpec>[],
  database: ObservedDatabase,
  witnessOf: (bridge: string) => MeterWitness,
): Promise<StepResult[]> {
  const bridges = [...new Set(steps.map(bridgeOf))];
  const results = bridges.map((bridge) => {
    const itsSteps = steps.filter((step) => bridgeOf(step) === bridge);
    return applyToBridge(session, bridge, itsSteps, database, witnessOf(bridge));
  });
  return (await Promise.all(results)).flat();
}

async function applyToBridge(
  session: EngineSession,
  name: string,
  steps: readonly Step<OvsSpec>[],
  database: ObservedDatabase,
  witness: MeterWitness,
): Promise<StepResult[]> {
  if (!database.bridges.has(bridgeKey(name))) return steps.map((step) => withoutBridge(step, name));
  try {
    const bridge = await session.bridge(name);
    return await bridge.apply(steps, numbersOn(name, database), witness);
  } catch (error) {
    session.lost.throwIfAborted();
    const message = `bridge ${name} can't be programmed: ${(error as Error).message}`;
    return steps.map(({ key }) => ({ key, ok: false, error: message }));
  }
}

/** What was on a bridge has gone with it. */
function withoutBridge({ verb, key }: Step<OvsSpec>, name: string): StepResult {
  if (verb === 'delete') return { key, ok: true };
  return { key, ok: false, error: `there is no bridge ${name} of OpenDVS's for ${key}` };
}

function bridgeOf(step: Step<OvsSpec>): string {
  const { spec } = step.verb === 'delete' ? step.from : step.to;
  return (spec as MeterSpec | FlowsSpec).bridge;
}
