/**
 * The collections of the API all work alike (list, get, create, patch, delete); this is that likeness, typed by the generated description.
 * What is peculiar to one is reached through {@link ApiClient.http}.
 */
import { randomUUID } from 'node:crypto';
import type { paths } from './generated/openapi';

type ListPath = {
  [P in keyof paths]: paths[P] extends {
    get: { responses: { 200: { content: { 'application/json': { items: unknown[] } } } } };
  }
    ? P
    : never;
}[keyof paths];

/** Lists of objects: "switches", "ports" … */
export type CollectionName = ListPath extends infer P
  ? P extends `/api/v1/${infer Name}`
    ? Name extends `${string}/${string}`
      ? never
      : Name
    : never
  : never;

/** What a list gives of one member. */
export type Item<C extends CollectionName> = paths[`/api/v1/${C}`] extends {
  get: { responses: { 200: { content: { 'application/json': { items: (infer T)[] } } } } };
}
  ? T
  : never;

/** What POST takes. */
export type NewItem<C extends CollectionName> = paths[`/api/v1/${C}`] extends {
  post: { requestBody: { content: { 'application/json': infer T } } };
}
  ? T
  : never;

export type ListQuery<C extends CollectionName> = paths[`/api/v1/${C}`] extends {
  get: { parameters: { query?: infer Q } };
}
  ? NonNullable<Q>
  : never;

export interface Page<T> {
  items: T[];
  /** Of all pages together. */
  total: number;
  /** Path and query of the next page; null on the last. */
  next: string | null;
}

export interface Versioned<T> {
  value: T;
  /** For If-Match. */
  etag: string;
}

export interface AwaitedHost {
  hostId: string;
  reason: string;
}

export interface ApplyFailure {
  hostId: string;
  portId: string | null;
  reason: string;
}

/** What became of a write. `outcome` is null unless it was waited for. */
export interface WriteResult<T> {
  value: T;
  etag: string | null;
  /** Of the change; null when nothing had to change. */
  revision: number | null;
  outcome: WaitOutcome | null;
}

export interface WaitOutcome {
  applied: boolean;
  waitingFor: AwaitedHost[];
  failures: ApplyFailure[];
}

export interface WriteOptions {
  /** Hold the answer so long, until every host concerned has the change in its dataplane. */
  waitMs?: number;
}

export interface DeleteOptions extends WriteOptions {
  /** Delete only this version. */
  ifMatch?: string;
}

type Send = (
  method: string,
  path: string,
  init?: { headers?: Record<string, string>; body?: unknown },
) => Promise<Response>;

/** Answers that hold a secret are not kept by the manager, so these can't be asked for twice. */
const WITHOUT_IDEMPOTENCY_KEY: readonly string[] = ['tokens'];

export class Collection<C extends CollectionName> {
  private readonly path: string;

  constructor(
    private readonly name: C,
    private readonly send: Send,
  ) {
    this.path = `/api/v1/${name}`;
  }

  async list(query: Partial<ListQuery<C>> = {}): Promise<Page<Item<C>>> {
    const response = await this.send('GET', `${this.path}${queryString(query)}`);
    return (await response.json()) as Page<Item<C>>;
  }

  /** The page that another one names as its next. */
  async page(next: string): Promise<Page<Item<C>>> {
    return (await (await this.send('GET', next)).json()) as Page<Item<C>>;
  }

  /** Every member that fits, page after page. */
  async *all(query: Partial<ListQuery<C>> = {}): AsyncGenerator<Item<C>> {
    let page = await this.list(query);
    for (;;) {
      yield* page.items;
      if (page.next === null) return;
      page = await this.page(page.next);
    }
  }

  async get(id: string): Promise<Versioned<Item<C>>> {
    const response = await this.send('GET', this.member(id));
    const etag = response.headers.get('etag');
    if (etag === null) throw new Error(`GET ${this.member(id)} came without an ETag`);
    return { value: (await response.json()) as Item<C>, etag };
  }

  /** Carried out once, also when the manager has to be asked twice; a token is asked for only once. */
  async create(body: NewItem<C>, options: WriteOptions = {}): Promise<WriteResult<Item<C>>> {
    const headers: Record<string, string> = WITHOUT_IDEMPOTENCY_KEY.includes(this.name)
      ? {}
      : { 'idempotency-key': randomUUID() };
    return written(await this.send('POST', `${this.path}${waitQuery(options)}`, { headers, body }));
  }

  /** JSON Merge Patch (RFC 7396). @param ifMatch the version it is based on */
  async patch(
    id: string,
    patch: object,
    ifMatch: string,
    options: WriteOptions = {},
  ): Promise<WriteResult<Item<C>>> {
    const headers = { 'if-match': ifMatch, 'content-type': 'application/merge-patch+json' };
    return written(
      await this.send('PATCH', `${this.member(id)}${waitQuery(options)}`, { headers, body: patch }),
    );
  }

  async delete(id: string, { ifMatch, ...options }: DeleteOptions = {}): Promise<WriteResult<null>> {
    const headers: Record<string, string> = ifMatch === undefined ? {} : { 'if-match': ifMatch };
    return written(await this.send('DELETE', `${this.member(id)}${waitQuery(options)}`, { headers }));
  }

  private member(id: string): string {
    return `${this.path}/${encodeURIComponent(id)}`;
  }
}

export async function written<T>(response: Response): Promise<WriteResult<T>> {
  const text = await response.text();
  const body = (text === '' ? null : JSON.parse(text)) as (T & Partial<WaitOutcome>) | null;
  const { applied, waitingFor = [], failures = [], ...rest } = body ?? ({} as Partial<WaitOutcome>);
  const revision = response.headers.get('opendvs-revision');
  return {
    value: (body === null ? null : rest) as T,
    etag: response.headers.get('etag'),
    revision: revision === null ? null : Number(revision),
    outcome: applied === undefined ? null : { applied, waitingFor, failures },
  };
}

export function waitQuery({ waitMs }: WriteOptions): string {
  return waitMs === undefined ? '' : queryString({ wait: 'applied', timeoutMs: waitMs });
}

function queryString(query: Record<string, unknown>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const text = new URLSearchParams(
    given.map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  return text === '' ? '' : `?${text}`;
}
