/** One manager, as a program talks to it: typed by the description that the manager itself gives (src/generated). */
import createClient, { type Client } from 'openapi-fetch';
import { unreachable } from './api-problem';
import { Collection, type CollectionName } from './collection';
import { readEvents, type ServerSentEvent } from './event-stream';
import type { paths } from './generated/openapi';
import { transport, type TransportOptions } from './transport';

export interface ApiClientOptions extends TransportOptions {
  /** Aborts everything under way. */
  signal: AbortSignal;
}

export interface SendOptions {
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Instead of the client's own. */
  signal?: AbortSignal;
}

export class ApiClient {
  /** Any operation by its path. Only answers that succeeded come back; the others are thrown (ApiProblem, ServerUnreachableError). */
  readonly http: Client<paths>;
  private readonly fetch: (request: Request) => Promise<Response>;

  constructor(private readonly options: ApiClientOptions) {
    this.fetch = transport(options);
    this.http = createClient<paths>({ baseUrl: options.server, fetch: this.fetch, signal: options.signal });
  }

  collection<C extends CollectionName>(name: C): Collection<C> {
    return new Collection(name, this.send);
  }

  /** Sends to a path of this manager, also one that the manager gave (`next` of a page). */
  readonly send = async (
    method: string,
    path: string,
    { headers = {}, body, signal = this.options.signal }: SendOptions = {},
  ): Promise<Response> => {
    const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const request = new Request(`${this.options.server}${path}`, {
      method,
      headers: { accept: 'application/json', ...json, ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      signal,
    });
    return this.fetch(request);
  };

  /**
   * What happens from now on, or after an event seen earlier, until the manager ends the stream.
   * @throws ServerUnreachableError when the connection breaks; the reason of `signal` when that is aborted
   */
  async *events(
    path: string,
    lastEventId: string | null,
    signal = this.options.signal,
  ): AsyncGenerator<ServerSentEvent> {
    const headers: Record<string, string> = { accept: 'text/event-stream' };
    if (lastEventId !== null) headers['last-event-id'] = lastEventId;
    const { body } = await this.send('GET', path, { headers, signal });
    if (!body) return;
    try {
      yield* readEvents(body, signal);
    } catch (error) {
      throw signal.aborted ? error : unreachable(this.options.server, error);
    }
  }
}

export function createApiClient(options: ApiClientOptions): ApiClient {
  return new ApiClient(options);
}

/** The body of an answer of {@link ApiClient.http}. */
export async function bodyOf<T>(answer: Promise<{ data?: T }>): Promise<T> {
  const { data } = await answer;
  if (data === undefined) throw new Error('an answer of the manager has no body');
  return data;
}
