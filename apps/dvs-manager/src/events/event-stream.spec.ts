import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventStream } from './event-stream';

describe('EventStream', () => {
  let server: Server;
  let stream: EventStream;
  let response: ServerResponse;

  async function connect(): Promise<IncomingMessage> {
    server = createServer((_request, answer) => {
      response = answer;
      answer.writeHead(200, { 'content-type': 'text/event-stream' });
      answer.flushHeaders();
      stream = new EventStream(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Promise((resolve) =>
      get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }, resolve),
    );
  }

  afterEach(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  async function textOf(message: IncomingMessage): Promise<string> {
    let text = '';
    for await (const part of message.setEncoding('utf8')) text += part;
    return text;
  }

  it('writes events as the standard has them, and its end with the reason', async () => {
    const client = await connect();
    stream.send({ type: 'change', id: 7, data: { text: 'two\nlines' } });
    stream.send({ type: 'host-status', data: 1 });
    stream.end('enough');
    await expect(textOf(client)).resolves.toBe(
      'id: 7\nevent: change\ndata: {"text":"two\\nlines"}\n\nevent: host-status\ndata: 1\n\nevent: end\ndata: {"reason":"enough"}\n\n',
    );
  });

  it('lets a client go that does not read, and keeps little of it in memory', async () => {
    const client = await connect();
    client.pause();
    let closed = false;
    stream.onClose(() => (closed = true));
    const event = { type: 'change', id: 1, data: 'x'.repeat(10_000) };
    let sent = 0;
    for (; !stream.isClosed && sent < 10_000; sent += 1) {
      stream.send(event);
      if (sent % 10 === 0) await new Promise(setImmediate);
    }
    expect(closed).toBe(true);
    expect(response.writableLength).toBeLessThan(2 * 1024 * 1024);
    client.destroy();
  });

  it('knows when the client has left', async () => {
    const client = await connect();
    const closed = new Promise<void>((resolve) => stream.onClose(resolve));
    client.destroy();
    await closed;
    expect(stream.isClosed).toBe(true);
    stream.send({ type: 'change', data: 1 }); // of no effect, and no error
  });
});
