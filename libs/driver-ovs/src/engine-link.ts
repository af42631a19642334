/** Keeps one session with the engine: opens it, notices its loss, and opens the next as soon as Open vSwitch is back. */
import { setTimeout as delay } from 'node:timers/promises';
import { EngineUnavailableError } from '@opendvs/dataplane';
import { EngineSession, type EngineOptions, type SessionEvents } from './engine-session';

export interface LinkEvents extends SessionEvents {
  /** A session is open; called before anything else uses it. */
  opened(session: EngineSession): void;
  lost(reason: string): void;
  /** Open again after a loss. */
  restarted(): void;
}

const REOPEN_INTERVAL_MS = 100;

export class EngineLink {
  private session: EngineSession | null = null;
  private lossReason = 'it has not been opened';
  private readonly closing = new AbortController();

  constructor(
    private readonly options: EngineOptions,
    private readonly events: LinkEvents,
  ) {}

  /** @throws EngineUnavailableError when Open vSwitch doesn't run */
  async open(signal: AbortSignal): Promise<EngineSession> {
    if (this.session) return this.session;
    return this.adopt(await EngineSession.open(this.options, this.events, signal));
  }

  /**
   * Works with the engine.
   * @throws EngineUnavailableError when it is away or goes away meanwhile; the signal's reason when that is aborted
   */
  async use<T>(signal: AbortSignal, work: (session: EngineSession) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const { session } = this;
    if (!session) throw new EngineUnavailableError(`Open vSwitch is not available: ${this.lossReason}`);
    try {
      return await work(session);
    } catch (error) {
      signal.throwIfAborted();
      session.lost.throwIfAborted();
      throw error;
    }
  }

  close(): void {
    this.closing.abort(new Error('the driver was closed'));
    this.session?.close();
    this.session = null;
  }

  private adopt(session: EngineSession): EngineSession {
    this.session = session;
    this.events.opened(session);
    const onLost = () => this.sessionLost(session);
    if (session.lost.aborted) onLost();
    else session.lost.addEventListener('abort', onLost, { once: true });
    return session;
  }

  private sessionLost(session: EngineSession): void {
    if (this.closing.signal.aborted) return;
    this.session = null;
    this.lossReason = (session.lost.reason as Error).message;
    this.events.lost(this.lossReason);
    void this.reopen();
  }

  private async reopen(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      try {
        this.adopt(await EngineSession.open(this.options, this.events, signal));
        this.events.restarted();
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.lossReason = (error as Error).message;
        await delay(REOPEN_INTERVAL_MS);
      }
    }
  }
}
