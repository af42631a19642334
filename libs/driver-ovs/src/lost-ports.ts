/**
 * Ports that vswitchd has dropped from the datapath while the database still has them: it says so in its log only. It makes them again
 * whenever it goes over its configuration, which is what an update step causes. One that is lost again soon is left alone for
 * a while, as every such round disturbs all ports.
 */
import type { Step, StepResult } from '@opendvs/dataplane';
import type { BridgeSession } from './bridge-session';
import type { ObservedPort } from './observe-database';
import type { OvsSpec } from './ovs-objects';

const REVIVAL_INTERVAL_MS = 30_000;

type PresentPorts = Pick<BridgeSession, 'hasPort'>;

export function isLost({ interfaces }: ObservedPort, bridge: PresentPorts): boolean {
  return interfaces.some(
    ({ ofport, error }) => error === null && ofport !== null && ofport > 0 && !bridge.hasPort(ofport),
  );
}

export function lossReason(name: string): string {
  return (
    `Open vSwitch has dropped port ${name}: most often it had no memory for it when a VM connected. ` +
    'Look for "Failed to create memory pool" in ovs-vswitchd.log; give it more hugepage memory ' +
    '(other_config:dpdk-socket-mem), and see that the package librte-meta-mempool is installed'
  );
}

/** Which lost ports may be made again now. */
export class Revivals {
  private readonly lastMs = new Map<string, number>();

  /** Splits steps into those to be tried, and results for ports that were lost again too soon. */
  admit(
    steps: readonly Step<OvsSpec>[],
    nowMs = performance.now(),
  ): { tried: Step<OvsSpec>[]; held: StepResult[] } {
    const tried: Step<OvsSpec>[] = [];
    const held: StepResult[] = [];
    for (const step of steps) {
      const reason = lossIn(step);
      if (reason === null || this.isDue(step.key, nowMs)) tried.push(step);
      else held.push({ key: step.key, ok: false, error: reason });
    }
    return { tried, held };
  }

  private isDue(key: string, nowMs: number): boolean {
    const last = this.lastMs.get(key);
    if (last !== undefined && nowMs - last < REVIVAL_INTERVAL_MS) return false;
    this.lastMs.set(key, nowMs);
    return true;
  }
}

/** The step is there because its port was lost: with what reason; otherwise `null`. */
function lossIn(step: Step<OvsSpec>): string | null {
  if (step.verb !== 'update' || step.from.spec.kind !== 'port') return null;
  const { name, fault } = step.from.spec;
  return fault === lossReason(name) ? fault : null;
}

/** Ports that were just made or changed must be in the datapath too: turns success into failure where one isn't. */
export function checkPresence(
  results: readonly StepResult[],
  ports: ReadonlyMap<string, ObservedPort>,
  bridges: ReadonlyMap<string, PresentPorts>,
): StepResult[] {
  return results.map((result) => {
    const port = result.ok ? ports.get(result.key) : undefined;
    const bridge = port && bridges.get(port.bridge.name);
    if (!port || !bridge || !isLost(port, bridge)) return result;
    return { key: result.key, ok: false, error: lossReason(port.row.name) };
  });
}
