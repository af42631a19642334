/** Reads a manager's event stream as a browser would. */
import { request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestManager } from './manager-bus.rig';

export interface ReadEvent {
  type: string;
  id: string | null;
  data: unknown;
}

const TIMEOUT_MS = 10_000;

export class EventReader {
  private readonly events: ReadEvent[] = [];
  private text = '';
  private wake: () => void = () => undefined;

  private constructor(private readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (part: string) => this.take(part));
    response.on('error', () => undefined); // we hang up ourselves
  }

  static async open(
    manager: TestManager,
    options: { types?: string; lastEventId?: string; token?: string } = {},
  ): Promise<EventReader> {
    const server = manager.app.getHttpServer();
    if (!server.listening) await manager.app.listen(0, '127.0.0.1');
    const { port } = server.address() as AddressInfo;
    const query = options.types ? `?types=${options.types}` : '';
    const headers = {
      authorization: `Bearer ${options.token ?? manager.token}`,
      ...(options.lastEventId ? { 'last-event-id': options.lastEventId } : {}),
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: `/api/v1/events${query}`, headers }, resolve)
        .on('error', reject)
        .end();
    });
    if (response.statusCode !== 200) throw new Error(`the stream was refused with ${response.statusCode}`);
    return new EventReader(response);
  }

  /** The next event of this type for which `matches`; those before it are dropped. @throws Error after 10 s */
  async next(type: string, matches: (data: unknown) => boolean = () => true): Promise<ReadEvent> {
    const giveUpAt = performance.now() + TIMEOUT_MS;
    for (;;) {
      for (let event = this.events.shift(); event; event = this.events.shift())
        if (event.type === type && matches(event.data)) return event;
      const leftMs = giveUpAt - performance.now();
      if (leftMs <= 0) throw new Error(`no event "${type}" came`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        setTimeout(resolve, leftMs).unref();
      });
    }
  }

  close(): void {
    this.response.destroy();
  }

  private take(part: string): void {
    this.text += part;
    for (let end = this.text.indexOf('\n\n'); end >= 0; end = this.text.indexOf('\n\n')) {
      const lines = this.text.slice(0, end).split('\n');
      this.text = this.text.slice(end + 2);
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null;
      if (field('event'))
        this.events.push({ type: field('event')!, id: field('id'), data: JSON.parse(field('data')!) });
    }
    this.wake();
  }
}
