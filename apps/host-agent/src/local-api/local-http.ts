/**
 * A small HTTP server of the agent's own, that keeps trying to listen: nothing on a hypervisor may stop because a port or
 * socket is taken. Answers GET only.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage } from '../error-message';

export interface HttpAnswer {
  status: number;
  contentType: string;
  body: string;
}

export type HttpRoute = (path: string) => Promise<HttpAnswer>;

const LISTEN_RETRY_MS = 5000;

export class LocalHttpServer {
  private readonly server: Server;

  /**
   * @param listen makes the server listen; may throw or let it emit `error`
   * @param onTrouble null: it listens
   */
  constructor(
    private readonly route: HttpRoute,
    private readonly listen: (server: Server) => void,
    private readonly onTrouble: (reason: string | null) => void,
  ) {
    this.server = createServer((request, response) => void this.handle(request, response));
    this.server.headersTimeout = 5000;
    this.server.requestTimeout = 10_000;
    this.server.maxConnections = 64;
  }

  /** Listens until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(await this.tryToListen())) {
      await delay(LISTEN_RETRY_MS, undefined, { signal }).catch(() => 'aborted');
    }
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    this.server.close();
    this.server.closeAllConnections();
  }

  /** Port it listens on; null before it does, and on a unix socket. */
  get port(): number | null {
    const address = this.server.address();
    return address && typeof address === 'object' ? address.port : null;
  }

  private tryToListen(): Promise<boolean> {
    return new Promise((resolve) => {
      const failed = (error: Error): void => {
        this.server.off('listening', listening);
        this.onTrouble(error.message);
        resolve(false);
      };
      const listening = (): void => {
        this.server.off('error', failed);
        this.onTrouble(null);
        resolve(true);
      };
      this.server.once('error', failed);
      this.server.once('listening', listening);
      this.listen(this.server);
    });
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    let answer: HttpAnswer;
    try {
      const path = new URL(request.url ?? '/', 'http://agent').pathname;
      answer =
        request.method === 'GET' || request.method === 'HEAD'
          ? await this.route(path)
          : problem(405, 'Only GET is understood here.');
    } catch (error) {
      answer = problem(503, errorMessage(error));
    }
    response.writeHead(answer.status, { 'content-type': answer.contentType, 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  }
}

export function json(value: unknown, status = 200): HttpAnswer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value, null, 2)}\n` };
}

/** RFC 9457. */
export function problem(status: number, detail: string): HttpAnswer {
  return { ...json({ status, detail }, status), contentType: 'application/problem+json' };
}
