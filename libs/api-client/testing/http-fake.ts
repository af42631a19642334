/** A real HTTP server within the test, answering by a script and keeping what it was asked. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  method: string;
  /** With its query. */
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  /** Text as it is; anything else as JSON. */
  body?: unknown;
}

export type Script = (request: SeenRequest, response: ServerResponse) => Reply | null | Promise<Reply | null>;

export class HttpFake {
  readonly requests: SeenRequest[] = [];

  /** Stays known after stop(). */
  url = '';

  private constructor(private readonly server: Server) {}

  /** `script` returns the answer; null when it has written to the response by itself. */
  static async start(script: Script): Promise<HttpFake> {
    const server = createServer();
    const fake = new HttpFake(server);
    server.on('request', (request, response) => void fake.answer(request, response, script));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return fake;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse, script: Script): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const seen = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    this.requests.push(seen);
    const reply = await script(seen, response);
    if (!reply) return;
    const { status = 200, headers = {}, body } = reply;
    const isText = typeof body === 'string';
    response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers });
    response.end(body === undefined ? undefined : isText ? body : JSON.stringify(body));
  }
}

/** A problem document as the manager answers. */
export function problem(
  status: number,
  slug: string,
  detail: string,
  members: Record<string, unknown> = {},
): Reply {
  const body = {
    type: `https://opendvs.dev/problems/${slug}`,
    title: slug,
    status,
    detail,
    instance: '/',
    ...members,
  };
  return { status, headers: { 'content-type': 'application/problem+json' }, body };
}
