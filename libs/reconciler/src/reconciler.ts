/**
 * The loop: observe, plan, apply, say what came of it; the same round for a first start, an edit, drift, an audit and a
 * restart of the engine. It acts only on complete desired states, and before the first one on nothing.
 */
import {
  EngineUnavailableError,
  type DataplaneDriver,
  type DriverDescription,
  type DriverEvent,
  type HostDesired,
  type LivePort,
} from '@opendvs/dataplane';
import type { AppliedRevisions } from '@opendvs/model';
import { AuditSchedule } from './audit-schedule';
import { exponentialBackoff, type Backoff } from './backoff';
import { systemClock, type Clock } from './clock';
import { executePlan, type Outcome } from './execute-plan';
import type { Plan } from './plan';
import { NoDesiredStateError, PlanRequests } from './plan-requests';
import { planSteps } from './plan-steps';
import { PublishedState } from './published-state';
import type {
  ReconcilerChange,
  ReconcilerLogger,
  ReconcilerOptions,
  ReconcilerSnapshot,
} from './reconciler-types';
import { RenderedState } from './rendered-state';
import { RetrySchedule } from './retry-schedule';
import { RoundLog } from './round-log';
import { collectTroubles, NO_TROUBLES, type Troubles } from './troubles';
import { Wake } from './wake';

const AUDIT_INTERVAL_MS = 3000;
/** An engine that isn't there at the start, or a driver whose events have ended, is asked again at least this often. */
const OPEN_RETRY_MAX_MS = 1000;
/** A driver says when its engine is back; should one ever fail to, the engine is tried this long after it went. */
const AWAY_PROBE_MS = 3000;

/** A desired state and the revisions that it stands for. */
interface Goal {
  desired: HostDesired;
  revisions: AppliedRevisions;
}

/** Brings one engine to the desired state and keeps it there. */
export class Reconciler<S = unknown> {
  private readonly driver: DataplaneDriver<S>;
  private readonly logger: ReconcilerLogger;
  private readonly clock: Clock;
  private readonly newBackoff: () => Backoff;
  private readonly wake: Wake;
  private readonly audits: AuditSchedule;
  private readonly retries: RetrySchedule;
  private readonly log: RoundLog;
  private readonly published: PublishedState;
  private readonly planRequests = new PlanRequests<S>();

  private description: DriverDescription | null = null;
  /** null: the engine is there. */
  private engineAway: string | null = 'it has not been opened yet';
  /** How often the engine has come or gone: a call that began before tells nothing of the engine since. */
  private turns = 0;
  /** The engine has begun anew since the last finished round. */
  private replaying = false;
  /** What is to be reached, and what the last finished round was for. */
  private latest: Goal | null = null;
  private reached: Goal | null = null;
  private rendered: RenderedState<S> | null = null;
  private troubles: Troubles = NO_TROUBLES;
  private live: ReadonlyMap<string, LivePort> | null = null;
  private portsChanged = false;
  /** Why the last round could not be finished, though the engine is there. */
  private roundError: string | null = null;
  private backoff: Backoff | null = null;
  /** When to go on by ourselves after something went wrong as a whole, in monotonic milliseconds. */
  private resumeAtMs = 0;

  constructor(options: ReconcilerOptions<S>) {
    this.driver = options.driver;
    this.logger = options.logger;
    this.clock = options.clock ?? systemClock;
    this.newBackoff = options.newBackoff ?? exponentialBackoff;
    this.wake = new Wake(this.clock);
    this.audits = new AuditSchedule(options.auditIntervalMs ?? AUDIT_INTERVAL_MS);
    this.retries = new RetrySchedule(this.newBackoff);
    this.log = new RoundLog(this.logger);
    this.published = new PublishedState(this.logger);
  }

  /**
   * Opens the driver and works until `signal` is aborted, then closes the driver. Call once.
   * Never rejects because of the engine: it waits for it, says so in {@link snapshot}, and goes on when it is back.
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted && !(await this.tryToOpen(signal))) {
        await this.wake.wait(this.resumeAtMs - this.clock.monotonicMs(), signal);
        this.wake.lower();
      }
      const listening = this.listen(signal);
      this.wake.raise();
      while (!signal.aborted) {
        await this.wake.wait(this.idleMs(), signal);
        await turnOfEventLoop();
        this.wake.lower();
        await this.work(signal);
      }
      await listening;
    } finally {
      this.planRequests.close(new Error('the reconciler has stopped'));
      await this.driver
        .close()
        .catch((error: unknown) => this.logger.error('the dataplane driver could not be closed', { error }));
    }
  }

  /**
   * The host's new desired state and the revisions that it stands for. Must be complete: what is not in it gets deleted.
   * Returns at once; the latest one wins. Its objects must not be changed afterwards: unchanged objects should be passed again
   * by identity, which lets drivers reuse what they rendered of them.
   */
  setDesired(desired: HostDesired, revisions: AppliedRevisions): void {
    this.latest = { desired, revisions };
    this.wake.raise();
  }

  /**
   * What would be done now, after reading the engine back; nothing is applied. Takes its turn between rounds.
   * @throws EngineUnavailableError while the engine is away; NoDesiredStateError before the first {@link setDesired}.
   */
  planNow(): Promise<Plan<S>> {
    const plan = this.planRequests.add();
    this.wake.raise();
    return plan;
  }

  snapshot(): ReconcilerSnapshot {
    return { ...this.published.snapshot(), totals: this.log.totals };
  }

  /** Calls `listener` after each round or event that changed something. Returns what stops it. */
  onChange(listener: (change: ReconcilerChange) => void): () => void {
    return this.published.onChange(listener);
  }

  private async tryToOpen(signal: AbortSignal): Promise<boolean> {
    try {
      this.description = await this.driver.open(signal);
      this.engineIsBack();
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      this.engineIsAway(messageOf(error));
      this.resumeAtMs = this.clock.monotonicMs() + Math.min(this.nextDelayMs(), OPEN_RETRY_MAX_MS);
      this.planRequests.refuse(new EngineUnavailableError(messageOf(error)));
      this.publish();
      return false;
    }
  }

  /** Until the signal is aborted. A driver whose events end early is asked for them again; what they'd have told is not known. */
  private async listen(signal: AbortSignal): Promise<void> {
    const pause = new Wake(this.clock);
    while (!signal.aborted) {
      try {
        for await (const event of this.driver.events(signal)) this.hear(event);
        if (!signal.aborted) this.logger.error('the events of the dataplane driver have ended');
      } catch (error) {
        if (!signal.aborted) this.logger.error('the events of the dataplane driver broke off', { error });
      }
      if (signal.aborted) return;
      await pause.wait(OPEN_RETRY_MAX_MS, signal);
      this.hear({ type: 'engine-restarted' });
    }
  }

  private hear(event: DriverEvent): void {
    switch (event.type) {
      case 'ports-changed':
        this.portsChanged = true;
        break;
      case 'drift':
        this.logger.debug(`the engine was changed by somebody else: ${event.what}`);
        this.audits.callFor('prompt');
        break;
      case 'engine-lost':
        this.engineIsAway(event.reason);
        break;
      case 'engine-restarted':
        this.logger.info('the engine is back: everything is compared with it again');
        this.engineIsBack();
        break;
    }
    this.wake.raise();
  }

  private engineIsAway(reason: string): void {
    if (this.engineAway !== reason) this.logger.warn(`the engine is away: ${reason}`);
    this.engineAway = reason;
    this.turns++;
    this.live = null;
    this.resumeAtMs = this.clock.monotonicMs() + AWAY_PROBE_MS;
    this.audits.callFor('immediate');
  }

  private engineIsBack(): void {
    this.engineAway = null;
    this.turns++;
    this.replaying = true;
    this.retries.clear();
    this.audits.callFor('immediate');
  }

  /** Whatever there is to do now. Never rejects. */
  private async work(signal: AbortSignal): Promise<void> {
    const { turns, engineAway } = this;
    if (engineAway !== null && this.clock.monotonicMs() < this.resumeAtMs) {
      this.planRequests.refuse(new EngineUnavailableError(engineAway));
    } else {
      try {
        await this.doWhatIsDue(signal);
        this.roundError = this.backoff = null;
      } catch (error) {
        if (signal.aborted) return;
        this.workFailed(error, turns);
      }
    }
    this.publish();
  }

  private async doWhatIsDue(signal: AbortSignal): Promise<void> {
    const goal = this.latest;
    if (goal === null) {
      this.planRequests.refuse(
        new NoDesiredStateError('this host has not been given a complete desired state yet'),
      );
      return;
    }
    await this.planRequests.answer(() =>
      this.planFor(new RenderedState(goal.desired, this.driver), true, signal),
    );
    if (this.isRoundDue(goal)) await this.round(goal, signal);
    else if (this.portsChanged) await this.readPorts(signal);
  }

  private workFailed(error: unknown, turns: number): void {
    if (error instanceof EngineUnavailableError) {
      // Unless the engine has gone or come back since the call began: then we know better.
      if (turns === this.turns) this.engineIsAway(this.engineAway ?? error.message);
      return;
    }
    const delayMs = this.nextDelayMs();
    this.resumeAtMs = this.clock.monotonicMs() + delayMs;
    this.audits.callFor('immediate');
    this.roundError = `the last round could not be finished: ${messageOf(error)}`;
    this.logger.error(`${this.roundError}; the next is in ${Math.round(delayMs)} ms`, { error });
  }

  private nextDelayMs(): number {
    this.backoff ??= this.newBackoff();
    return this.backoff.nextDelayMs();
  }

  private isRoundDue(goal: Goal): boolean {
    const nowMs = this.clock.monotonicMs();
    return goal !== this.reached || this.audits.isDue(nowMs) || this.retries.nextDueAtMs() <= nowMs;
  }

  /** How long there is nothing to do unless something happens. */
  private idleMs(): number {
    if (this.latest === null) return Infinity;
    const troubled = this.engineAway !== null || this.roundError !== null;
    const dueAtMs = troubled ? this.resumeAtMs : Math.min(this.audits.dueAtMs(), this.retries.nextDueAtMs());
    return dueAtMs - this.clock.monotonicMs();
  }

  private async round(goal: Goal, signal: AbortSignal): Promise<void> {
    const startedAtMs = this.clock.monotonicMs();
    const { turns } = this;
    if (this.rendered?.desired !== goal.desired) this.rendered = new RenderedState(goal.desired, this.driver);
    const rendered = this.rendered;
    const plan = await this.observeAndPlan(rendered, signal);
    const outcome = await executePlan(plan, this.driver, signal, ({ step }) =>
      this.retries.whyHeld(step.key, rendered.specOf(step.key), startedAtMs),
    );
    this.learn(goal, rendered, plan, outcome, startedAtMs);
    await this.readPorts(signal);
    if (turns !== this.turns) return; // the engine has gone or begun anew meanwhile: all this may be void
    this.reached = goal;
    this.replaying = false;
    this.engineAway = null;
  }

  private async observeAndPlan(rendered: RenderedState<S>, signal: AbortSignal): Promise<Plan<S>> {
    const startedAtMs = this.clock.monotonicMs();
    if (!this.audits.isDue(startedAtMs)) return this.planFor(rendered, false, signal);
    this.audits.begun();
    const plan = await this.planFor(rendered, true, signal);
    this.audits.ended(startedAtMs, this.clock.monotonicMs());
    this.log.audited();
    return plan;
  }

  private async planFor(rendered: RenderedState<S>, audit: boolean, signal: AbortSignal): Promise<Plan<S>> {
    const observed = await this.driver.observe({ audit }, signal);
    return planSteps(
      rendered.objects,
      observed,
      (from, to) => this.driver.changeMode(from, to),
      rendered.problems,
    );
  }

  private async readPorts(signal: AbortSignal): Promise<void> {
    this.portsChanged = false;
    this.live = new Map((await this.driver.readPorts(signal)).map((port) => [port.portId, port]));
  }

  private learn(
    goal: Goal,
    rendered: RenderedState<S>,
    plan: Plan<S>,
    outcome: Outcome<S>,
    startedAtMs: number,
  ): void {
    const nowMs = this.clock.monotonicMs();
    const nothingNew = goal.desired === this.reached?.desired && !this.replaying;
    const repairs = nothingNew
      ? outcome.applied.filter(({ step }) => !this.retries.isRetry(step.key)).length
      : 0;
    const newFailures = this.retries.learn(outcome, (key) => rendered.specOf(key), nowMs);
    // What failed may be half done.
    if (outcome.failures.some(({ kind }) => kind === 'failed')) this.audits.callFor('prompt');
    this.troubles = collectTroubles(goal.desired, rendered.problems, plan.withheld, outcome.failures);
    this.log.finished(plan, outcome, repairs, newFailures, nowMs - startedAtMs);
  }

  private publish(): void {
    const { engineAway, troubles, live } = this;
    const goal = engineAway === null ? this.reached : this.latest;
    this.published.publish(
      {
        description: this.description,
        engineUp: engineAway === null,
        engineReason: engineAway ?? this.roundError,
        appliedRevisions: this.reached?.revisions ?? { host: 0, shared: 0 },
        problems: troubles.problems,
      },
      goal && { desired: goal.desired, troubles: troubles.ofPorts, live, engineAway },
      this.clock.nowMs(),
    );
  }
}

/** What has already arrived is taken in before a round begins, so that messages that came together make one round. */
function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
