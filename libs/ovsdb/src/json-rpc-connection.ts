/**
 * One JSON-RPC 1.0 connection over a unix socket, as OVSDB servers (RFC 7047, 4) and the daemons' control sockets speak it.
 * Both sides may ask: the peer's `echo` is answered here, its notifications go to the owner. A peer that neither closes nor
 * answers is found by our own echo. There is no reconnection: a closed connection stays closed, and says why.
 */
import { createConnection, type Socket } from 'node:net';
import { OvsdbConnectionError, OvsdbRequestError } from './errors';
import { JsonSplitter } from './json-splitter';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface JsonRpcOptions {
  socketPath: string;
  /** Ends the attempt to connect; of no effect later. */
  signal?: AbortSignal | undefined;
  /**
   * After an interval of silence the peer is asked for an echo, and given another to say anything: one that is dead is noticed
   * within three. Default 1500.
   */
  probeIntervalMs?: number | undefined;
}

interface Pending {
  method: string;
  resolve: (result: Json) => void;
  reject: (error: Error) => void;
}

const PROBE_INTERVAL_MS = 1500;

export class JsonRpcConnection {
  /** Settles once, with the reason, when the connection is over; `null` when {@link close} was called. */
  readonly closed: Promise<OvsdbConnectionError | null>;
  /** Called with each notification of the peer, in order. Set it before the first request that causes any. */
  onNotification: (method: string, params: Json[]) => void = () => undefined;

  private readonly pending = new Map<number, Pending>();
  private readonly splitter = new JsonSplitter();
  private nextId = 1;
  private closeReason: OvsdbConnectionError | null | undefined;
  private settleClosed!: (reason: OvsdbConnectionError | null) => void;
  /** Anything since the probe timer last fired? */
  private wasHeard = true;
  private probeTimer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly socket: Socket,
    readonly socketPath: string,
    private readonly probeIntervalMs: number,
  ) {
    this.closed = new Promise((resolve) => (this.settleClosed = resolve));
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', (error) => this.end(new OvsdbConnectionError(`${socketPath}: ${error.message}`)));
    socket.on('close', () =>
      this.end(new OvsdbConnectionError(`${socketPath}: the peer closed the connection`)),
    );
    this.armProbe(false);
  }

  /** @throws OvsdbConnectionError when nothing listens there or `signal` ends the attempt. */
  static connect(options: JsonRpcOptions): Promise<JsonRpcConnection> {
    const { socketPath, signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted)
        return reject(new OvsdbConnectionError(`${socketPath}: the attempt to connect was ended`));
      const socket = createConnection({ path: socketPath });
      const abort = () => socket.destroy(new Error('the attempt to connect was ended'));
      signal?.addEventListener('abort', abort, { once: true });
      const fail = (error: Error) => {
        signal?.removeEventListener('abort', abort);
        reject(
          new OvsdbConnectionError(`cannot connect to ${socketPath}: ${error.message}`, { cause: error }),
        );
      };
      socket.once('error', fail);
      socket.once('connect', () => {
        signal?.removeEventListener('abort', abort);
        socket.off('error', fail);
        resolve(new JsonRpcConnection(socket, socketPath, options.probeIntervalMs ?? PROBE_INTERVAL_MS));
      });
    });
  }

  get isOpen(): boolean {
    return this.closeReason === undefined;
  }

  /**
   * Asks and waits for the answer. Requests may overlap; the server answers in any order.
   * @throws OvsdbRequestError when the peer refuses it, OvsdbConnectionError when the connection ends before the answer.
   */
  request(method: string, params: Json[]): Promise<Json> {
    if (!this.isOpen) return Promise.reject(this.lost());
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { method, resolve, reject });
      this.send({ method, params, id });
    });
  }

  /** Ends the connection; requests under way are rejected. */
  close(): void {
    this.end(null);
  }

  private send(message: Json): void {
    this.socket.write(JSON.stringify(message));
  }

  private receive(chunk: Buffer): void {
    this.wasHeard = true;
    try {
      for (const text of this.splitter.push(chunk)) {
        if (this.isOpen) this.dispatch(JSON.parse(text) as { [key: string]: Json });
      }
    } catch (error) {
      this.end(new OvsdbConnectionError(`${this.socketPath}: ${(error as Error).message}`, { cause: error }));
    }
  }

  private dispatch(message: { [key: string]: Json }): void {
    const { method, id } = message;
    if (typeof method !== 'string') return this.settle(message);
    const params = Array.isArray(message.params) ? message.params : [];
    if (id === null || id === undefined) return this.onNotification(method, params);
    if (method === 'echo') return this.send({ id, result: params, error: null });
    this.send({ id, result: null, error: 'unknown method' });
  }

  private settle({ id, result, error }: { [key: string]: Json }): void {
    const pending = typeof id === 'number' ? this.pending.get(id) : undefined;
    if (!pending) return; // the answer to a probe
    this.pending.delete(id as number);
    if (error === null || error === undefined) pending.resolve(result ?? null);
    else
      pending.reject(
        new OvsdbRequestError(pending.method, typeof error === 'string' ? error : JSON.stringify(error)),
      );
  }

  private armProbe(isProbing: boolean): void {
    const dueAt = Date.now() + this.probeIntervalMs;
    this.probeTimer = setTimeout(() => this.probe(isProbing, dueAt), this.probeIntervalMs).unref();
  }

  /** @param isProbing an echo was sent an interval ago */
  private probe(isProbing: boolean, dueAt: number): void {
    // When this process itself was held up, what the peer said may still be unread in the socket: look again first.
    const wasHeldUp = Date.now() - dueAt > this.probeIntervalMs / 2;
    const isAlive = this.wasHeard || wasHeldUp;
    this.wasHeard = false;
    if (isAlive) return this.armProbe(false);
    if (isProbing) {
      return this.end(
        new OvsdbConnectionError(
          `${this.socketPath}: no answer to an echo within ${this.probeIntervalMs} ms`,
        ),
      );
    }
    this.send({ method: 'echo', params: [], id: 'probe' });
    this.armProbe(true);
  }

  private lost(): OvsdbConnectionError {
    return (
      this.closeReason ??
      new OvsdbConnectionError(`${this.socketPath}: the connection was closed by its user`)
    );
  }

  private end(reason: OvsdbConnectionError | null): void {
    if (!this.isOpen) return;
    this.closeReason = reason;
    clearTimeout(this.probeTimer);
    this.socket.destroy();
    for (const { reject } of this.pending.values()) reject(this.lost());
    this.pending.clear();
    this.settleClosed(reason);
  }
}
