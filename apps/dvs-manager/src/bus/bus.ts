/**
 * The manager's own connection to NATS: for JetStream and for what hosts report. It is kept for ever; while it is away `connected`
 * is false and everybody who registered is told when it is back, as messages sent meanwhile are lost.
 */
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsOptions } from '@opendvs/messaging';

const FIRST_CONNECT_RETRY_MS = 250;

export interface BusLog {
  log(message: string): void;
  warn(message: string): void;
}

export class Bus {
  private nats: NatsConnection | null = null;
  private online = false;
  private away: { since: Date; reason: string } | null = { since: new Date(), reason: 'not connected yet' };
  private readonly stopped = new AbortController();
  private readonly onlineHandlers = new Set<(nats: NatsConnection) => void>();
  private running: Promise<void> | null = null;

  constructor(
    private readonly options: NatsOptions,
    private readonly logger: BusLog,
  ) {}

  /** Begins to connect, in the background. */
  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.nats?.close();
    await this.running;
  }

  get connected(): boolean {
    return this.online;
  }

  /** null while connected; else since when not, and what the client said. */
  get outage(): { since: Date; reason: string } | null {
    return this.away;
  }

  /** @throws BusAwayError while not connected: nothing is buffered for later */
  connection(): NatsConnection {
    if (!this.nats || !this.online) throw new BusAwayError(this.away?.reason ?? 'not connected');
    return this.nats;
  }

  /** Called at every (re)connection, and at once if connected now. Returns how to leave. */
  onOnline(handler: (nats: NatsConnection) => void): () => void {
    this.onlineHandlers.add(handler);
    if (this.nats && this.online) handler(this.nats);
    return () => this.onlineHandlers.delete(handler);
  }

  private async run(): Promise<void> {
    const nats = await this.connectFirst();
    if (!nats) return;
    this.nats = nats;
    this.nowOnline();
    for await (const status of nats.status()) {
      if (status.type === 'disconnect') this.nowAway(`lost the connection to ${status.server}`);
      else if (status.type === 'reconnect') this.nowOnline();
      else if (status.type === 'error') this.logger.warn(`NATS: ${status.error.message}`);
    }
  }

  private async connectFirst(): Promise<NatsConnection | null> {
    let said = '';
    while (!this.stopped.signal.aborted) {
      try {
        return await connect({ ...this.options, waitOnFirstConnect: false });
      } catch (error) {
        const reason = (error as Error).message;
        this.away = { since: this.away?.since ?? new Date(), reason };
        if (reason !== said) this.logger.warn(`NATS can't be reached, retrying: ${reason}`);
        said = reason;
      }
      await sleep(FIRST_CONNECT_RETRY_MS, undefined, { signal: this.stopped.signal }).catch(() => undefined); // stop() ends the pause
    }
    return null;
  }

  private nowAway(reason: string): void {
    if (!this.online) return;
    this.online = false;
    this.away = { since: new Date(), reason };
    if (!this.stopped.signal.aborted) this.logger.warn(`NATS: ${reason}; reconnecting`);
  }

  private nowOnline(): void {
    this.online = true;
    this.away = null;
    this.logger.log(`NATS: connected to ${this.nats!.getServer()}`);
    for (const handler of this.onlineHandlers) handler(this.nats!);
  }
}

export class BusAwayError extends Error {
  override readonly name = 'BusAwayError';
  constructor(reason: string) {
    super(`the bus is away: ${reason}`);
  }
}
