/**
 * Where the agent's desired state comes from: the bus when it offers a state that may be acted on, else the last good one, at the start from
 * disk. Each accepted state is on disk before the reconciler gets it (see disk-copy.ts).
 */
import type { Heartbeat } from '@opendvs/contracts';
import type { HostDesired } from '@opendvs/dataplane';
import type { AppliedRevisions } from '@opendvs/model';
import type { AgentLogger } from '../agent-logger';
import type { LocalProblems } from '../local-problems';
import { judge, notThisHost, type AcceptedState, type LocalFacts, type Verdict } from './acceptance';
import { BusView, type BadMessage, type DesiredMessage } from './bus-view';
import type { DesiredWatchListener } from './desired-watch';
import type { DiskCopy } from './disk-copy';
import { errorMessage } from '../error-message';

/** How the state acted on stands to the bus, for the heartbeat. `reason` is null only when it is current. */
export interface DesiredStateStanding {
  state: Heartbeat['desiredState'];
  reason: string | null;
}

export interface DesiredStateSourceOptions {
  hostId: string;
  local: LocalFacts;
  diskCopy: DiskCopy;
  problems: LocalProblems;
  logger: AgentLogger;
  /** Acts on a state. */
  act: (desired: HostDesired, revisions: AppliedRevisions) => void;
  onStanding: (standing: DesiredStateStanding) => void;
  onBadMessage: (bad: BadMessage) => void;
  /** 5000 by default. */
  diskRetryMs?: number;
}

/** References that don't resolve are usually on their way: not worth a word for so long. */
const UNRESOLVED_GRACE_MS = 2000;
const BAD_KEYS_TOLD_MAX = 20;
const DISK_RETRY_MS = 5000;

export class DesiredStateSource implements DesiredWatchListener {
  private accepted: AcceptedState | null = null;
  private view: BusView | null = null;
  private standing: DesiredStateStanding = { state: 'none', reason: 'not connected to the bus yet' };
  private wakeUp: NodeJS.Immediate | null = null;
  private graceTimer: NodeJS.Timeout | null = null;
  private diskTimer: NodeJS.Timeout | null = null;
  private dirty = false;
  private settling = false;
  private settled: Promise<void> = Promise.resolve();
  private heldReason = '';
  private readonly toldBadKeys = new Set<string>();

  constructor(private readonly options: DesiredStateSourceOptions) {
    options.diskCopy.onUnconfirmed((error) => this.diskFailed(error));
  }

  current(): DesiredStateStanding {
    return this.standing;
  }

  /** Largest revisions of the state acted on; null before there is one. */
  get revisions(): AppliedRevisions | null {
    return this.accepted?.revisions ?? null;
  }

  get desired(): HostDesired | null {
    return this.accepted?.desired ?? null;
  }

  /** Acts on the copy on disk, if there is a usable one. Call once, before anything comes from the bus. */
  async start(): Promise<void> {
    const { diskCopy, logger, act, problems } = this.options;
    let copy: AcceptedState | null;
    try {
      copy = await diskCopy.load();
    } catch (error) {
      const message = `${errorMessage(error)}; nothing on this host is changed until the bus has a complete state`;
      logger.error(message);
      problems.set('disk-copy', message);
      return;
    }
    if (!copy) {
      logger.info('There is no copy of the desired state on disk yet: waiting for the bus');
      return;
    }
    const objection = notThisHost(copy.desired.host, this.options.local);
    if (objection) {
      this.stand('refused', `the copy on disk: ${objection}`);
      return;
    }
    this.accepted = copy;
    this.stand('cached', 'not connected to the bus yet');
    logger.info('Acting on the copy of the desired state on disk', { revisions: copy.revisions });
    act(copy.desired, copy.revisions);
  }

  restarted(): void {
    const none = new Map<string, never>();
    this.view = new BusView(this.options.hostId, () => this.accepted?.entries ?? none);
    this.wake();
  }

  message(message: DesiredMessage): void {
    if (!this.view) return;
    const bad = this.view.take(message);
    if (bad) {
      if (!bad.repeated) this.options.logger.warn('A message of the desired state is of no use', { ...bad });
      this.options.onBadMessage(bad);
    }
    this.wake();
  }

  interrupted(reason: string): void {
    this.view = null;
    this.clearGrace();
    this.stand(this.accepted ? 'cached' : 'none', reason);
  }

  /** Resolves when nothing is being written any more. */
  async stop(): Promise<void> {
    this.view = null;
    this.clearGrace();
    if (this.wakeUp) clearImmediate(this.wakeUp);
    if (this.diskTimer) clearTimeout(this.diskTimer);
    await this.settled;
    await this.options.diskCopy.close();
  }

  /** What comes in one go from the socket is settled in one go. */
  private wake(): void {
    this.dirty = true;
    if (this.settling) return;
    this.wakeUp ??= setImmediate(() => {
      this.wakeUp = null;
      this.settled = this.settle();
    });
  }

  private async settle(): Promise<void> {
    this.settling = true;
    try {
      while (this.dirty) {
        this.dirty = false;
        await this.settleOnce();
        if (!this.dirty && this.options.diskCopy.untidy) await this.onDisk((copy) => copy.tidy());
      }
    } finally {
      this.settling = false;
    }
  }

  private async settleOnce(): Promise<void> {
    const { view } = this;
    if (!view) return;
    this.tellBadKeys(view.badKeys);
    const verdict = judge(view.offer(), this.accepted, this.options.local);
    switch (verdict.verdict) {
      case 'accept':
        await this.accept(verdict.state);
        if (this.view === view) this.stand('current', null);
        return;
      case 'hold':
        return this.hold(verdict);
      case 'refuse':
        return this.stand('refused', verdict.reason);
    }
  }

  private async accept(state: AcceptedState): Promise<void> {
    if (this.accepted && isSame(this.accepted, state)) return;
    await this.onDisk((copy) => copy.save(state));
    this.accepted = state;
    this.options.act(state.desired, state.revisions);
  }

  private hold({ kind, reason }: Extract<Verdict, { verdict: 'hold' }>): void {
    const state = this.accepted ? 'cached' : 'none';
    if (kind === 'absent') return this.stand(state, reason);
    this.heldReason = reason;
    this.graceTimer ??= setTimeout(() => this.stand(state, this.heldReason), UNRESOLVED_GRACE_MS);
  }

  /** A disk that fails must not keep the host from following the manager: told, tried again, and done without. */
  private async onDisk(work: (copy: DiskCopy) => Promise<void>): Promise<void> {
    try {
      await work(this.options.diskCopy);
      this.options.problems.set('disk-copy', null);
    } catch (error) {
      this.diskFailed(error);
    }
  }

  private diskFailed(error: unknown): void {
    const { problems, logger, local, diskRetryMs = DISK_RETRY_MS } = this.options;
    const message =
      `the desired state can't be kept in ${local.stateDir}: ${errorMessage(error)}; ` +
      `until it can, a restart of the agent without the bus would act on an older state or none`;
    if (problems.set('disk-copy', message)) logger.error(message);
    this.diskTimer ??= setTimeout(() => {
      this.diskTimer = null;
      this.wake();
    }, diskRetryMs);
  }

  private tellBadKeys(badKeys: ReadonlyMap<string, string>): void {
    const { problems } = this.options;
    for (const key of this.toldBadKeys) {
      if (badKeys.has(key)) continue;
      problems.set(`bus:${key}`, null);
      this.toldBadKeys.delete(key);
    }
    for (const [key, reason] of badKeys) {
      if (this.toldBadKeys.size >= BAD_KEYS_TOLD_MAX && !this.toldBadKeys.has(key)) return;
      this.toldBadKeys.add(key);
      problems.set(
        `bus:${key}`,
        `${key} on the bus is of no use, its last good value stays in force: ${reason}`,
      );
    }
  }

  private stand(state: DesiredStateStanding['state'], reason: string | null): void {
    this.clearGrace();
    if (this.standing.state === state && this.standing.reason === reason) return;
    this.standing = { state, reason };
    const { logger, onStanding } = this.options;
    if (reason === null) logger.info('The desired state is current', { revisions: this.revisions });
    else logger.warn(`The desired state is ${state}: ${reason}`);
    onStanding(this.standing);
  }

  private clearGrace(): void {
    if (this.graceTimer) clearTimeout(this.graceTimer);
    this.graceTimer = null;
  }
}

/** Entries that didn't change are the same objects. */
function isSame(a: AcceptedState, b: AcceptedState): boolean {
  return (
    a.storeId === b.storeId &&
    a.revisions.host === b.revisions.host &&
    a.revisions.shared === b.revisions.shared &&
    a.entries.size === b.entries.size &&
    [...b.entries].every(([key, entry]) => a.entries.get(key) === entry)
  );
}
