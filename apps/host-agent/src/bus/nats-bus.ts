/**
 * The agent's connection to NATS: kept up for ever, as a host outlives its bus. One stretch of connectedness is a
 * {@link BusSession}; whatever runs on the bus starts with a session and ends with it, so that a reconnect is a fresh start.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { NatsOptions } from '@opendvs/messaging';
import type { AgentLogger } from '../agent-logger';
import { errorMessage } from '../error-message';

export interface BusSession {
  connection: NatsConnection;
  /** Aborted when the connection is lost or closed. */
  signal: AbortSignal;
}

export type BusState = { up: true } | { up: false; reason: string };

const RETRY_PAUSE_MS = 500;
const CONNECT_TIMEOUT_MS = 5000;

export class NatsBus {
  private session: { value: BusSession; end: AbortController } | null = null;
  private downReason = 'not connected to NATS yet';
  private readonly listeners = new Set<(session: BusSession) => void>();

  constructor(
    private readonly options: NatsOptions,
    private readonly logger: AgentLogger,
  ) {}

  get state(): BusState {
    return this.session ? { up: true } : { up: false, reason: this.downReason };
  }

  /** Calls `listener` at the start of every session, the present one included. */
  onSession(listener: (session: BusSession) => void): void {
    this.listeners.add(listener);
    if (this.session) listener(this.session.value);
  }

  /** Sends without waiting. False when the bus is away: nothing is kept for later, as what agents report ages fast. */
  publish(subject: string, payload: string): boolean {
    if (!this.session) return false;
    this.session.value.connection.publish(subject, payload);
    return true;
  }

  /** Resolves when the server has all that was published; at once when it is away. */
  async flush(): Promise<void> {
    await this.session?.value.connection.flush();
  }

  /** Connects, and again whenever the connection is lost, until `signal` is aborted. Rejects never. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.live(signal);
      } catch (error) {
        this.down(`can't connect to NATS at ${this.options.servers.join(', ')}: ${errorMessage(error)}`);
      }
      await delay(RETRY_PAUSE_MS, undefined, { signal }).catch(() => 'aborted');
    }
  }

  /** One connection, from its first success to its final end; the client library reconnects within it. */
  private async live(signal: AbortSignal): Promise<void> {
    const connection = await connect({
      ...this.options,
      waitOnFirstConnect: false, // so that the reason of a failure is known
      ignoreAuthErrorAbort: true, // a password may be put right without a restart of the agent
      timeout: CONNECT_TIMEOUT_MS,
    });
    const close = (): void => void connection.close();
    signal.addEventListener('abort', close);
    try {
      if (signal.aborted) close();
      else this.up(connection);
      await Promise.all([this.followStatus(connection), connection.closed()]);
    } finally {
      signal.removeEventListener('abort', close);
      this.down('the connection to NATS was closed');
    }
  }

  private async followStatus(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') this.down(`lost the connection to NATS at ${status.server}`);
      else if (status.type === 'reconnect') this.up(connection);
      else if (status.type === 'error')
        this.logger.warn('NATS reports an error', { error: status.error.message });
    }
  }

  private up(connection: NatsConnection): void {
    this.session?.end.abort();
    const end = new AbortController();
    const value = { connection, signal: end.signal };
    this.session = { value, end };
    this.logger.info('Connected to NATS', { server: connection.getServer() });
    for (const listener of this.listeners) listener(value);
  }

  private down(reason: string): void {
    const ended = this.session;
    this.session = null;
    if (ended || reason !== this.downReason) this.logger.warn(`The bus is away: ${reason}`);
    this.downReason = reason;
    ended?.end.abort();
  }
}
