/**
 * How requests travel: with the token, within a time limit, and again after a 503 where that can't do a thing twice. What comes back is an
 * answer that succeeded; everything else is thrown.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { problemOf, unreachable } from './api-problem';

export interface TransportOptions {
  /** Base URL of the manager, without a path: "http://127.0.0.1:8420". */
  server: string;
  /** Secret; sent as a bearer token. Null: only what needs none can be asked. */
  token: string | null;
  userAgent: string;
  /** For one attempt, a stream's beginning or else the whole answer. Requests that the manager is asked to hold add their own time. */
  timeoutMs: number;
  /** For all attempts at one request while the manager answers 503. 0: no second attempt. */
  retryForMs: number;
}

/** Extends the time of requests that the manager is asked to hold. */
const WAITING_PARAMETER = 'timeoutMs';
/** When a 503 doesn't say. */
const RETRY_AFTER_MS_DEFAULT = 1000;

/** A fetch() that throws ApiProblem and ServerUnreachableError. An abort of the request's own signal stays what it is. */
export function transport(options: TransportOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    request.headers.set('user-agent', options.userAgent);
    if (options.token) request.headers.set('authorization', `Bearer ${options.token}`);
    const label = `${request.method} ${new URL(request.url).pathname}`;
    const deadline = Date.now() + options.retryForMs;
    for (;;) {
      const response = await attempt(request.clone(), options);
      if (response.ok || response.status === 304) return response;
      const pauseMs = retryPauseMs(request, response);
      if (pauseMs === null || Date.now() + pauseMs > deadline)
        throw await problemOf(response, label, options.server);
      await response.body?.cancel();
      await sleep(pauseMs, undefined, { signal: request.signal });
    }
  };
}

async function attempt(request: Request, { server, timeoutMs }: TransportOptions): Promise<Response> {
  const held = Number(new URL(request.url).searchParams.get(WAITING_PARAMETER) ?? 0);
  const limit = new AbortController();
  const timer = setTimeout(
    () => limit.abort(new Error(`no answer within ${(timeoutMs + held) / 1000} s`)),
    timeoutMs + held,
  );
  try {
    const signal = AbortSignal.any([request.signal, limit.signal]);
    // a manager redirects nobody, and the token is for it alone
    return await whole(await fetch(request, { redirect: 'manual', signal }));
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw unreachable(server, limit.signal.aborted ? limit.signal.reason : error);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Null: not again. After a 503 the change may have been made all the same, so only a request that is harmless twice is repeated: a read,
 * a replacement, or a POST whose Idempotency-Key makes the manager answer the second as it did the first.
 */
function retryPauseMs(request: Request, response: Response): number | null {
  const harmless = ['GET', 'HEAD', 'PUT'].includes(request.method) || request.headers.has('idempotency-key');
  if (response.status !== 503 || !harmless) return null;
  const seconds = Number(response.headers.get('retry-after') ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : RETRY_AFTER_MS_DEFAULT;
}

/** The answer with all of its body, so that a connection that is cut fails here and not in whoever reads; streams stay as they are. */
async function whole(response: Response): Promise<Response> {
  const { status, statusText, headers } = response;
  if (response.body === null || headers.get('content-type')?.startsWith('text/event-stream')) return response;
  return new Response(await response.arrayBuffer(), { status, statusText, headers });
}
