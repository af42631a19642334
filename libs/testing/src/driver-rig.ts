/** A driver at work on a rig, driven as the reconciler drives it; what the contract's cases are written in. */
import type {
  DataplaneDriver,
  DriverDescription,
  DriverEvent,
  HostDesired,
  ObservedObject,
} from '@opendvs/dataplane';
import { describePlan, executePlan, planSteps, type Outcome, type Plan } from '@opendvs/reconciler';
import { aHostDesired, type SaidOfHostDesired } from './builders';
import type { DriverHarness } from './driver-harness';
import { eventually } from './eventually';

export class DriverRig {
  driver!: DataplaneDriver;
  description!: DriverDescription;
  /** Everything the driver has said since it was opened. */
  events: DriverEvent[] = [];
  private stop = new AbortController();
  private listening: Promise<void> = Promise.resolve();

  constructor(
    readonly harness: DriverHarness,
    private readonly eventTimeoutMs: number,
  ) {}

  get signal(): AbortSignal {
    return this.stop.signal;
  }

  async open(): Promise<void> {
    this.stop = new AbortController();
    this.events = [];
    this.driver = this.harness.newDriver();
    this.description = await this.driver.open(this.signal);
    this.listening = this.listen(this.driver, this.signal);
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.listening;
    await this.driver.close();
  }

  /** As an agent that is stopped and started again. */
  async restartDriver(): Promise<void> {
    await this.close();
    await this.open();
  }

  desired(said: SaidOfHostDesired): HostDesired {
    return aHostDesired({ ...said, host: { ...this.harness.host, ...said.host } });
  }

  observe(audit = true): Promise<ObservedObject[]> {
    return this.driver.observe({ audit }, this.signal);
  }

  async plan(desired: HostDesired, audit = true): Promise<Plan> {
    const { driver } = this;
    const observed = await this.observe(audit);
    return planSteps(
      driver.render(desired),
      observed,
      (from, to) => driver.changeMode(from, to),
      driver.validate(desired),
    );
  }

  execute(plan: Plan): Promise<Outcome> {
    return executePlan(plan, this.driver, this.signal);
  }

  /** Brings the engine to `desired`; every step must succeed. Gives the plan that did it. */
  async converge(desired: HostDesired): Promise<Plan> {
    const plan = await this.plan(desired);
    const outcome = await this.execute(plan);
    expect(outcome.failures.map(({ planned, error }) => ({ key: planned.step.key, error }))).toEqual([]);
    expect(plan.withheld).toEqual([]);
    return plan;
  }

  /** The engine, read back, is as rendered: no step is left, and nothing of ours is there besides. */
  async expectInSync(desired: HostDesired): Promise<void> {
    for (const audit of [true, false]) {
      expect({ audit, left: describePlan(await this.plan(desired, audit)) }).toEqual({ audit, left: [] });
    }
    const rendered = this.driver.render(desired);
    const observed = await this.observe();
    expect(observed.map(({ key }) => key).sort()).toEqual(rendered.map(({ key }) => key).sort());
  }

  async convergeAndCheck(desired: HostDesired): Promise<Plan> {
    const plan = await this.converge(desired);
    await this.expectInSync(desired);
    return plan;
  }

  eventually<T>(what: string, condition: () => T | Promise<T>): Promise<T> {
    return eventually(what, condition, { timeoutMs: this.eventTimeoutMs });
  }

  private async listen(driver: DataplaneDriver, signal: AbortSignal): Promise<void> {
    try {
      for await (const event of driver.events(signal)) this.events.push(event);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
