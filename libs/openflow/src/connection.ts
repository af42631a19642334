/**
 * One OpenFlow 1.4 connection to a bridge: version negotiation, transaction ids, time limits, keep-alive. It never reconnects;
 * when it is gone it says so once (`close`), and whoever owns it decides. Requests may overlap: the switch answers in order.
 */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { createConnection } from 'node:net';
import { readError } from './error-message';
import type { OpenFlowError } from './errors';
import { ConnectionClosedError, ProtocolError, RequestTimeoutError } from './errors';
import { checkHello, helloMessage } from './hello';
import { KeepAlive } from './keep-alive';
import type { Message, OutgoingMessage } from './message';
import { emptyMessage, MessageSplitter, writeMessage } from './message';
import { MessageType, OPENFLOW_VERSION } from './protocol';
import { Reader } from './wire/reader';
import { Writer } from './wire/writer';

export interface ConnectOptions {
  /** Until the socket is open and the handshake done; default 5 s. */
  connectTimeoutMs?: number;
  /** Of each request, until it is fully answered; default 10 s. */
  requestTimeoutMs?: number;
}

/** What the bridge says of itself in OFPT_FEATURES_REPLY. */
export interface Features {
  /** 16 hex digits. */
  datapathId: string;
  tables: number;
}

interface ConnectionEvents {
  /** Once, when the connection is gone; null when `close()` was called. All requests under way are rejected. */
  close: [reason: Error | null];
  /** A message that answers no request: an asynchronous event. */
  message: [message: Message];
  /** An error that answers no request under way: of one that has timed out, for instance. */
  strayError: [error: OpenFlowError];
}

const MULTIPART_MORE = 1;

export class Connection extends EventEmitter<ConnectionEvents> {
  private readonly splitter = new MessageSplitter();
  private readonly keepAlive: KeepAlive;
  private readonly receivers = new Map<number, (message: Message) => void>();
  private readonly rejectors = new Set<(error: Error) => void>();
  private lastXid = 0;
  private greeting: ((hello: Message) => void) | null = null;
  private closed: ConnectionClosedError | null = null;
  private bridgeFeatures: Features | null = null;

  /** Use `connect`. */
  constructor(
    private readonly socket: Socket,
    private readonly path: string,
    private readonly requestTimeoutMs: number,
  ) {
    super();
    this.keepAlive = new KeepAlive({
      probe: () => this.send([emptyMessage(MessageType.ECHO_REQUEST)]),
      declareDead: (silentMs) => this.end(new Error(`no word for more than ${silentMs / 1000} s`)),
    });
    socket.on('data', (chunk) => this.read(chunk));
    socket.on('error', (error) => this.end(error));
    socket.on('close', () => this.end(new Error('the peer has hung up')));
  }

  get features(): Features {
    if (!this.bridgeFeatures) throw new Error('features are known after the handshake only');
    return this.bridgeFeatures;
  }

  /** One request with one answer. Rejects with OpenFlowError when it is refused. */
  request(message: OutgoingMessage): Promise<Message> {
    return this.ask<Message>(message, (answer) => answer);
  }

  /** A multipart request; resolves with the bodies of all parts of the answer. No element of a reply straddles two parts. */
  requestMultipart(multipartType: number, writeBody: (writer: Writer) => void): Promise<Buffer[]> {
    const parts: Buffer[] = [];
    const message: OutgoingMessage = {
      type: MessageType.MULTIPART_REQUEST,
      writeBody: (writer) => writeBody(writer.u16(multipartType).zeros(6)),
    };
    return this.ask<Buffer[]>(message, (answer) => {
      const reader = new Reader(answer.body);
      const [type, flags] = [reader.u16(), reader.u16()];
      if (answer.type !== MessageType.MULTIPART_REPLY || type !== multipartType) {
        throw new ProtocolError(
          `multipart request ${multipartType} answered by message ${answer.type}, type ${type}`,
        );
      }
      parts.push(reader.skip(4).bytes(reader.remaining));
      return (flags & MULTIPART_MORE) === 0 ? parts : undefined;
    });
  }

  /**
   * Sends messages that need no answer, in one write; `receive` gets whatever answers them all the same (errors), with the index of
   * the message, until the function returned is called. Throws RangeError, with nothing sent, when one can't be encoded.
   */
  send(messages: readonly OutgoingMessage[], receive?: (index: number, answer: Message) => void): () => void {
    if (this.closed) throw this.closed;
    const writer = new Writer(64 + messages.length * 256);
    const firstXid = this.takeXids(messages.length);
    messages.forEach((message, index) => writeMessage(writer, message, firstXid + index));
    if (receive)
      messages.forEach((_, index) =>
        this.receivers.set(firstXid + index, (answer) => receive(index, answer)),
      );
    this.write(writer);
    return () => messages.forEach((_, index) => this.receivers.delete(firstXid + index));
  }

  /** Ends the connection; requests under way are rejected with ConnectionClosedError. */
  close(): void {
    this.end(null);
  }

  /** @internal Version negotiation and features, for `connect`. */
  async greet(): Promise<void> {
    const hello = await this.untilEnd<Message>((resolve) => {
      this.greeting = resolve;
      this.send([helloMessage]);
    });
    checkHello(hello, this.path);
    const reader = new Reader((await this.request(emptyMessage(MessageType.FEATURES_REQUEST))).body);
    this.bridgeFeatures = { datapathId: reader.hex(8), tables: reader.skip(4).u8() };
  }

  /** @internal Ends the connection, once; null: because we want to. */
  end(reason: Error | null): void {
    if (this.closed) return;
    const why = reason?.message ?? 'by ourselves';
    this.closed = new ConnectionClosedError(`the OpenFlow connection to ${this.path} has ended: ${why}`, {
      cause: reason,
    });
    this.keepAlive.stop();
    this.socket.destroy();
    for (const reject of this.rejectors) reject(this.closed);
    this.emit('close', reason);
  }

  /** Sends one message and waits until `receive` makes something other than undefined of the answers, or throws. */
  private async ask<T>(message: OutgoingMessage, receive: (answer: Message) => T | undefined): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    let release: (() => void) | undefined;
    try {
      return await this.untilEnd<T>((resolve, reject) => {
        release = this.send([message], (_, answer) => {
          try {
            if (answer.type === MessageType.ERROR) throw readError(answer.body);
            const result = receive(answer);
            if (result !== undefined) resolve(result);
          } catch (error) {
            reject(error as Error);
          }
        });
        const late = `${this.path} hasn't answered a request (type ${message.type}) within ${this.requestTimeoutMs} ms`;
        timer = setTimeout(() => reject(new RequestTimeoutError(late)), this.requestTimeoutMs);
      });
    } finally {
      clearTimeout(timer);
      release?.();
    }
  }

  /** A promise that is also rejected when the connection ends. */
  private untilEnd<T>(
    start: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.rejectors.add(reject);
      const settle =
        <A>(action: (argument: A) => void) =>
        (argument: A) => {
          this.rejectors.delete(reject);
          action(argument);
        };
      start(settle(resolve), settle(reject));
    });
  }

  private read(chunk: Buffer): void {
    this.keepAlive.heard();
    try {
      for (const message of this.splitter.push(chunk)) this.dispatch(message);
    } catch (error) {
      this.end(error as Error);
    }
  }

  private dispatch(message: Message): void {
    if (this.greeting) return this.receiveHello(this.greeting, message);
    if (message.version !== OPENFLOW_VERSION)
      throw new ProtocolError(`a message of wire version ${message.version}`);
    if (message.type === MessageType.ECHO_REQUEST) return this.answerEcho(message);
    const receive = this.receivers.get(message.xid);
    if (receive) receive(message);
    else if (message.type === MessageType.ERROR) this.emit('strayError', readError(message.body));
    else if (message.type !== MessageType.ECHO_REPLY) this.emit('message', message);
  }

  private receiveHello(resolve: (hello: Message) => void, message: Message): void {
    if (message.type !== MessageType.HELLO)
      throw new ProtocolError(`message ${message.type} instead of a hello`);
    this.greeting = null;
    resolve(message);
  }

  private answerEcho({ xid, body }: Message): void {
    const writer = new Writer(8 + body.length);
    writeMessage(writer, { type: MessageType.ECHO_REPLY, writeBody: (echo) => echo.bytes(body) }, xid);
    this.write(writer);
  }

  /** What is written in one turn of the event loop goes out in one system call. */
  private write(writer: Writer): void {
    this.socket.cork();
    this.socket.write(writer.view());
    process.nextTick(() => this.socket.uncork());
  }

  /** The first of `count` consecutive ids. Never 0: Open vSwitch gives that to messages of its own. */
  private takeXids(count: number): number {
    const first = this.lastXid + count > 0xffff_ffff ? 1 : this.lastXid + 1;
    this.lastXid = first + count - 1;
    return first;
  }
}

/**
 * Connects to a bridge's management socket (`<rundir>/<bridge>.mgmt`) or any other unix socket that speaks OpenFlow. Rejects with
 * VersionMismatchError, or with ConnectionClosedError, whose cause is the socket's error, the abort or the time limit.
 * `signal` cancels the attempt, not the connection that comes of it.
 */
export async function connect(
  path: string,
  signal?: AbortSignal,
  options: ConnectOptions = {},
): Promise<Connection> {
  const { connectTimeoutMs = 5000, requestTimeoutMs = 10_000 } = options;
  signal?.throwIfAborted();
  const connection = new Connection(createConnection({ path }), path, requestTimeoutMs);
  const abort = (): void => connection.end(toError(signal?.reason));
  const late = new RequestTimeoutError(`no OpenFlow handshake within ${connectTimeoutMs} ms`);
  const timer = setTimeout(() => connection.end(late), connectTimeoutMs);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await connection.greet();
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

const toError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));
