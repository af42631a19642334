/** Answers of the agent on its host's state, the same for the manager (RPC) and for people on the host (local API). */
import type { PlanReply, PortReply } from '@opendvs/contracts';
import type { BackendObject, DataplaneDriver, HostDesired, LivePort } from '@opendvs/dataplane';
import { interfaceName, vhostSocketPath } from '@opendvs/model';
import { describePlan, type PlanLine, type Reconciler } from '@opendvs/reconciler';
import { pieces } from './reports/report-pieces';
import { errorMessage } from './error-message';

const ENGINE_TIMEOUT_MS = 2000;

export interface HostInspectionOptions {
  hostId: string;
  driver: Pick<DataplaneDriver, 'render' | 'readPorts' | 'readCounters'>;
  reconciler: Pick<Reconciler, 'planNow' | 'snapshot'>;
  desired: () => HostDesired | null;
}

export class HostInspection {
  private planning: Promise<PlanReply> | null = null;

  constructor(private readonly options: HostInspectionOptions) {}

  /** What would be done now. Whoever asks while it is being found out gets the same answer. */
  plan(): Promise<PlanReply> {
    this.planning ??= this.planNow().finally(() => (this.planning = null));
    return this.planning;
  }

  /** One port, as the engine has it now; null when neither the desired state nor the engine knows it. */
  async port(portId: string): Promise<PortReply | null> {
    const { driver, reconciler, desired } = this.options;
    const signal = AbortSignal.timeout(ENGINE_TIMEOUT_MS);
    const [live, counters] = await Promise.allSettled([
      driver.readPorts(signal),
      driver.readCounters(signal),
    ]);
    const status = reconciler.snapshot().ports.get(portId) ?? null;
    const found = live.status === 'fulfilled' ? live.value.find((port) => port.portId === portId) : undefined;
    if (!status && !found) return null;
    return {
      status,
      counters:
        (counters.status === 'fulfilled' && counters.value.find((port) => port.portId === portId)) || null,
      engine: {
        ...(live.status === 'rejected' ? { unavailable: errorMessage(live.reason) } : linkOf(found)),
        ...this.rendered(portId, desired()),
      },
    };
  }

  private async planNow(): Promise<PlanReply> {
    const plan = await this.options.reconciler.planNow();
    const lines = describePlan(plan);
    const [steps = []] = pieces<PlanLine>(lines, Infinity);
    return {
      hostId: this.options.hostId,
      inSync: lines.length === 0 && plan.withheld.length === 0,
      steps,
      omitted: lines.length - steps.length,
      withheld:
        pieces(
          plan.withheld.map(({ key, reason }) => ({ key, reason })),
          100,
        )[0] ?? [],
    };
  }

  /** What we ask of the engine for this port, and why. */
  private rendered(portId: string, desired: HostDesired | null): Record<string, unknown> {
    const port = desired?.ports.find(({ id }) => id === portId);
    if (!desired || !port) return {};
    const objects = this.options.driver
      .render(desired)
      .filter(({ owner }) => owner.kind === 'port' && owner.id === portId)
      .map(({ kind, key, spec, because }: BackendObject) => ({ kind, key, spec, because }));
    return {
      interface: interfaceName(portId),
      socket: vhostSocketPath(desired.host.vhostSocketDir, portId),
      objects: pieces(objects, Infinity)[0],
    };
  }
}

function linkOf(live: LivePort | undefined): Record<string, unknown> {
  return live
    ? { link: live.link, reason: live.reason, vhostConnects: live.vhostConnects }
    : { link: 'absent' };
}
