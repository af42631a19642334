/** A reconciler at work on a simulated engine, with time that the test moves, and a record of all that was said and done. */
import type { Batch, HostDesired } from '@opendvs/dataplane';
import {
  meterKey,
  portKey,
  ruleKey,
  SimDriver,
  SIMULATED_CAPABILITIES,
  SimulatedEngine,
  type SimSpec,
} from '@opendvs/driver-sim';
import { interfaceName, type PortStatus } from '@opendvs/model';
import { Reconciler, type ReconcilerChange, type ReconcilerLogger } from '@opendvs/reconciler';
import { aHostDesired, aPort, aPortGroup, aSuppression, aSwitch } from './builders';
import { eventually } from './eventually';
import { ManualClock } from './manual-clock';

/** The simulated driver, keeping a record of what it is asked for. */
class RecordingDriver extends SimDriver {
  readonly applied: Batch<SimSpec>[] = [];
  readonly observations: { audit: boolean }[] = [];

  override apply(batch: Batch<SimSpec>, signal: AbortSignal) {
    this.applied.push(batch);
    return super.apply(batch, signal);
  }

  override observe(options: { audit: boolean }, signal: AbortSignal) {
    this.observations.push(options);
    return super.observe(options, signal);
  }
}

class RecordingLogger implements ReconcilerLogger {
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  debug() {}
  info() {}
  warn(message: string) {
    this.warnings.push(message);
  }
  error(message: string) {
    this.errors.push(message);
  }
}

export const BENCH_AUDIT_INTERVAL_MS = 3000;

export class ReconcilerBench {
  readonly clock = new ManualClock();
  readonly logger = new RecordingLogger();
  readonly driver: RecordingDriver;
  readonly reconciler: Reconciler<SimSpec>;
  readonly changes: ReconcilerChange[] = [];
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  private revision = 0;

  constructor(
    readonly engine = new SimulatedEngine({ nics: ['sim0'] }),
    capabilities = SIMULATED_CAPABILITIES,
  ) {
    this.driver = new RecordingDriver(engine, capabilities);
    this.reconciler = new Reconciler<SimSpec>({
      driver: this.driver,
      logger: this.logger,
      auditIntervalMs: BENCH_AUDIT_INTERVAL_MS,
      clock: this.clock,
      newBackoff: () => {
        let delayMs = 125;
        return { nextDelayMs: () => (delayMs *= 2) };
      },
    });
    this.reconciler.onChange((change) => this.changes.push(change));
  }

  start(): this {
    this.running = this.reconciler.run(this.stopping.signal);
    return this;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Sets the state with the next revision, and gives that. */
  set(desired: HostDesired): number {
    this.reconciler.setDesired(desired, { host: ++this.revision, shared: this.revision });
    return this.revision;
  }

  /** Sets the state and waits until it has been processed. */
  async reach(desired: HostDesired): Promise<void> {
    const revision = this.set(desired);
    await this.until(
      `revision ${revision} is applied`,
      () => this.reconciler.snapshot().appliedRevisions.host === revision,
    );
  }

  /** Lets time pass until the condition holds, at most `withinMs` of it. */
  async passTimeUntil(what: string, condition: () => boolean, withinMs: number): Promise<number> {
    let passedMs = 0;
    while (!condition() && passedMs <= withinMs) {
      this.clock.advance(50);
      passedMs += 50;
      await this.settle();
    }
    expect({ what, holds: condition() }).toEqual({ what, holds: true });
    return passedMs;
  }

  /** Lets time pass, giving the loop its turn every 50 ms. */
  async passTime(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += 50) {
      this.clock.advance(50);
      await this.settle();
    }
  }

  /** The loop has nothing left to do until time passes or something happens: simulated calls take turns of the event loop only. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  }

  until(what: string, condition: () => boolean): Promise<boolean> {
    return eventually(what, condition, { intervalMs: 1 });
  }

  status(portId: string): PortStatus | undefined {
    return this.reconciler.snapshot().ports.get(portId);
  }

  states(desired: HostDesired): (string | undefined)[] {
    return desired.ports.map(({ id }) => this.status(id)?.state);
  }

  has(key: string): boolean {
    return this.engine.inspect().some((object) => object.key === key);
  }

  keys(): string[] {
    return this.engine.inspect().map(({ key }) => key);
  }
}

/** One switch, one group with a multicast threshold, three ports. */
export function threeWiredPorts() {
  const dvs = aSwitch();
  const group = aPortGroup(dvs, {
    broadcastSuppression: aSuppression({ multicast: { unit: 'pps', rate: 100 } }),
  });
  const ports = [aPort(group), aPort(group), aPort(group)] as const;
  return {
    dvs,
    group,
    ports,
    desired: aHostDesired({ switches: [dvs], portGroups: [group], ports: [...ports] }),
  };
}

export const keyOf = (port: { id: string }) => portKey(interfaceName(port.id));
export const ruleOf = (port: { id: string }) => ruleKey(interfaceName(port.id), 'multicast');
export const meterOf = (port: { id: string }) => meterKey(interfaceName(port.id), 'multicast');
