/**
 * The driver of the simulated engine. It keeps to the driver contract as strictly as one of a real engine, so that what is
 * built on it in tests holds there too; without an audit it answers from memory, as a driver with monitors does.
 */
import type {
  BackendObject,
  Batch,
  Capabilities,
  DataplaneDriver,
  DriverDescription,
  DriverEvent,
  HostDesired,
  LivePort,
  ObservedObject,
  Problem,
  Step,
  StepResult,
} from '@opendvs/dataplane';
import { PORT_NUMBER_MAX, SUPPRESSION_KINDS, SWITCH_MODES, type PortCounters } from '@opendvs/model';
import { EventQueue } from './event-queue';
import type { SimSpec } from './sim-objects';
import { renderForSim } from './sim-render';
import type { SimulatedEngine } from './simulated-engine';

export const SIMULATED_CAPABILITIES: Capabilities = {
  switchModes: [...SWITCH_MODES],
  suppressionKinds: [...SUPPRESSION_KINDS],
  unsupported: {},
  maxPorts: PORT_NUMBER_MAX,
};

export class SimDriver implements DataplaneDriver<SimSpec> {
  private readonly queue = new EventQueue<DriverEvent>();
  private detach: (() => void) | null = null;
  /** What we know of the engine; null: not read yet, or something was changed by somebody else. */
  private known: Map<string, ObservedObject<SimSpec>> | null = null;

  constructor(
    private readonly engine: SimulatedEngine,
    private readonly capabilities: Capabilities = SIMULATED_CAPABILITIES,
  ) {}

  async open(signal: AbortSignal): Promise<DriverDescription> {
    await this.engine.reach(signal);
    this.detach ??= this.engine.attach((event) => this.hear(event));
    return {
      engine: 'sim',
      engineVersion: `SIMULATION ${this.engine.version}: no packet is forwarded`,
      capabilities: this.capabilities,
    };
  }

  validate(desired: HostDesired): Problem[] {
    return [...this.switchProblems(desired), ...this.portProblems(desired)];
  }

  render(desired: HostDesired): BackendObject<SimSpec>[] {
    return renderForSim(desired);
  }

  async observe({ audit }: { audit: boolean }, signal: AbortSignal): Promise<ObservedObject<SimSpec>[]> {
    await this.engine.reach(signal);
    if (audit || this.known === null) {
      const objects = await this.engine.list(signal);
      this.known = new Map(
        objects.filter(({ owner }) => owner !== null).map((object) => [object.key, object]),
      );
    }
    return [...this.known.values()];
  }

  changeMode(from: ObservedObject<SimSpec>, to: BackendObject<SimSpec>): 'in-place' | 'recreate' {
    const [before, after] = [from.spec, to.spec];
    if (before.kind !== 'port' || after.kind !== 'port') return 'in-place';
    const same =
      before.bridge === after.bridge &&
      before.number === after.number &&
      before.socketPath === after.socketPath;
    return same ? 'in-place' : 'recreate';
  }

  async apply(batch: Batch<SimSpec>, signal: AbortSignal): Promise<StepResult[]> {
    return this.engine.transact(() => batch.map((step) => this.applyStep(step)), signal);
  }

  events(signal: AbortSignal): AsyncIterable<DriverEvent> {
    return this.queue.consume(signal);
  }

  async readPorts(signal: AbortSignal): Promise<LivePort[]> {
    return this.engine.livePorts(signal);
  }

  async readCounters(signal: AbortSignal): Promise<PortCounters[]> {
    return this.engine.counters(signal);
  }

  async close(): Promise<void> {
    this.detach?.();
    this.detach = null;
  }

  private hear(event: DriverEvent): void {
    if (event.type !== 'ports-changed') this.known = null;
    this.queue.push(event);
  }

  private applyStep(step: Step<SimSpec>): StepResult {
    const { key } = step;
    try {
      if (step.verb === 'delete') this.engine.remove(key);
      else this.engine.put(this.marked(step.to));
    } catch (error) {
      return { key, ok: false, error: error instanceof Error ? error.message : String(error) };
    }
    if (step.verb === 'delete') this.known?.delete(key);
    else this.known?.set(key, this.marked(step.to));
    return { key, ok: true };
  }

  private marked({ kind, key, spec, dependsOn, claims, owner }: BackendObject<SimSpec>) {
    return { kind, key, spec, dependsOn, claims, owner };
  }

  private switchProblems({ switches }: HostDesired): Problem[] {
    return switches
      .filter(({ mode }) => !this.capabilities.switchModes.includes(mode))
      .map(({ id, name, mode }) => ({
        owner: { kind: 'switch', id },
        message: `switch "${name}" has mode ${mode}; this engine can do ${this.capabilities.switchModes.join(', ')}`,
      }));
  }

  private portProblems({ ports, portGroups }: HostDesired): Problem[] {
    const groups = new Map(portGroups.map((group) => [group.id, group]));
    return ports.flatMap((port) => {
      const group = groups.get(port.portGroupId)!;
      const lacking = SUPPRESSION_KINDS.filter(
        (kind) => group.broadcastSuppression[kind] && !this.capabilities.suppressionKinds.includes(kind),
      );
      return lacking.map((kind) => ({
        owner: { kind: 'port' as const, id: port.id },
        message:
          `group "${group.name}" has a threshold for ${kind}, which this engine cannot enforce` +
          ` (${this.capabilities.unsupported[kind] ?? 'not supported'}); remove that threshold`,
      }));
    });
  }
}
