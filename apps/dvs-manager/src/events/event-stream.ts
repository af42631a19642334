/**
 * One client's stream of server-sent events (WHATWG HTML, 9.2). A client that doesn't read what it is sent is let go, with the reason as
 * its last event: a stream never holds back others, nor fills the memory. It comes back with Last-Event-ID and misses no change.
 */
import type { ServerResponse } from 'node:http';

export interface ServerSentEvent {
  type: string;
  /** Makes the stream resumable after this event; only changes have one. */
  id?: number;
  data: unknown;
}

/** What may wait in memory for a slow client. */
const BACKLOG_BYTES_MAX = 1024 * 1024;
const HEARTBEAT_MS = 15_000;
/** How long a client that is let go has to read its last event. */
const LINGER_MS = 1000;

export class EventStream {
  private readonly heartbeat: NodeJS.Timeout;
  private readonly closeHandlers: (() => void)[] = [];
  private closed = false;

  /** @param response whose head has been written */
  constructor(private readonly response: ServerResponse) {
    this.heartbeat = setInterval(() => this.write(':\n\n'), HEARTBEAT_MS);
    response.on('close', () => this.release());
    response.on('error', () => this.release());
  }

  get isClosed(): boolean {
    return this.closed;
  }

  onClose(handler: () => void): void {
    if (this.closed) handler();
    else this.closeHandlers.push(handler);
  }

  send(event: ServerSentEvent): void {
    this.write(formatEvent(event));
  }

  /** Resolves when what was sent has left this process, or the client has. */
  async drained(): Promise<void> {
    while (!this.closed && this.response.writableNeedDrain) {
      await new Promise<void>((resolve) => {
        const done = () => {
          this.response.off('drain', done);
          this.response.off('close', done);
          resolve();
        };
        this.response.on('drain', done);
        this.response.on('close', done);
      });
    }
  }

  /** Ends the stream; the client learns why. */
  end(reason: string): void {
    if (this.closed) return;
    this.response.end(formatEvent({ type: 'end', data: { reason } }));
    this.release();
    setTimeout(() => this.response.destroy(), LINGER_MS).unref();
  }

  private write(text: string): void {
    if (this.closed) return;
    this.response.write(text);
    if (this.response.writableLength > BACKLOG_BYTES_MAX)
      this.end('the client reads too slowly; connect again with Last-Event-ID to get what was missed');
  }

  private release(): void {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.heartbeat);
    for (const handler of this.closeHandlers) handler();
  }
}

function formatEvent({ type, id, data }: ServerSentEvent): string {
  const idLine = id === undefined ? '' : `id: ${id}\n`;
  return `${idLine}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
