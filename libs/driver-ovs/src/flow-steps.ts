/** Steps on flows of one bridge: one bundle for all of them, so that no frame meets a part of the change. */
import type { Step, StepResult } from '@opendvs/dataplane';
import {
  applyBundle,
  BundleError,
  type Connection,
  type FlowMod,
  type OpenFlowError,
} from '@opendvs/openflow';
import { bodiesOf, flowMods } from './flow-set';
import type { FlowsSpec, OvsSpec } from './ovs-objects';

/**
 * What the switch refuses is left out, and the rest sent again.
 * @param specOf the flows that are there under a key
 * @throws BundleError when the switch refuses a bundle as a whole
 */
export async function applyFlowSteps(
  connection: Connection,
  steps: readonly Step<OvsSpec>[],
  specOf: (key: string) => FlowsSpec | undefined,
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  let left = steps.map((step) => ({ step, mods: modsOf(step, specOf(step.key)) }));
  while (left.length > 0) {
    const refused = await refusedOf(
      connection,
      left.flatMap(({ mods }) => mods),
    );
    const isRefused = ({ mods }: { mods: FlowMod[] }) => mods.some((mod) => refused.has(mod));
    const failures = left.filter(isRefused);
    for (const { step, mods } of failures) {
      results.push(failure(step.key, refused.get(mods.find((mod) => refused.has(mod))!)!));
    }
    if (failures.length === 0) {
      results.push(...left.map(({ step }): StepResult => ({ key: step.key, ok: true })));
      break;
    }
    left = left.filter((one) => !isRefused(one));
  }
  return results;
}

function modsOf(step: Step<OvsSpec>, before: FlowsSpec | undefined): FlowMod[] {
  const after = step.verb === 'delete' ? null : (step.to.spec as FlowsSpec);
  return flowMods(before ? bodiesOf(before) : new Map(), after);
}

/** Applies all of the mods or none; gives those to which the switch objects. */
async function refusedOf(
  connection: Connection,
  mods: readonly FlowMod[],
): Promise<Map<FlowMod, OpenFlowError>> {
  try {
    await applyBundle(connection, mods);
    return new Map();
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    const named = error.failures.flatMap(({ mod, error: reason }) => (mod ? [[mod, reason] as const] : []));
    if (named.length === 0) throw error;
    return new Map(named);
  }
}

function failure(key: string, { errorName }: OpenFlowError): StepResult {
  return { key, ok: false, error: `Open vSwitch refused a flow: ${errorName}; its log has the reason` };
}
