import { HttpFake, problem, type Script } from '../testing/http-fake';
import { ApiProblem, ServerUnreachableError } from './api-problem';
import { transport, type TransportOptions } from './transport';

describe('transport', () => {
  let server: HttpFake | null = null;
  afterEach(async () => {
    await server?.stop();
    server = null;
  });

  async function ask(
    script: Script,
    options: Partial<TransportOptions> = {},
    init: RequestInit & { path?: string } = {},
  ): Promise<Response> {
    server = await HttpFake.start(script);
    const send = transport({
      server: server.url,
      token: 'secret',
      userAgent: 'spec/1',
      timeoutMs: 5000,
      retryForMs: 5000,
      ...options,
    });
    return send(new Request(`${server.url}${init.path ?? '/api/v1/ports'}`, init));
  }
  const failure = (asked: Promise<Response>) =>
    asked.then(
      () => null,
      (error: unknown) => error,
    );

  it('sends the token and says who it is', async () => {
    await ask(() => ({ body: {} }));
    expect(server?.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer secret',
      'user-agent': 'spec/1',
    });
  });

  it('sends no authorization without a token', async () => {
    await ask(() => ({ body: {} }), { token: null });
    expect(server?.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  it('throws the problem that the manager answers with', async () => {
    const fields = [{ in: 'body', field: '/vlan/vlanId', reason: 'must be 0 to 4094' }];
    const error = await failure(
      ask(() => problem(400, 'validation-failed', 'one field is wrong', { errors: fields })),
    );
    expect(error).toBeInstanceOf(ApiProblem);
    expect(error).toMatchObject({
      status: 400,
      slug: 'validation-failed',
      message: 'one field is wrong',
      fields,
      request: 'GET /api/v1/ports',
    });
  });

  it('lets 304 through, which is an answer to If-None-Match', async () => {
    expect((await ask(() => ({ status: 304 }))).status).toBe(304);
  });

  it.each([
    [{ status: 502, body: '<html>Bad Gateway</html>' }, '502 Bad Gateway'],
    [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, '302 Found'],
    [{ status: 404, body: '{"message":"Cannot GET"}' }, '404 Not Found'],
    [
      { status: 500, headers: { 'content-type': 'application/problem+json' }, body: '{"type":' },
      '500 Internal Server Error',
    ],
  ])('takes %j for no answer of a manager', async (reply, words) => {
    const error = await failure(ask(() => reply));
    expect(error).toBeInstanceOf(ServerUnreachableError);
    expect((error as Error).message).toContain(
      `"${words}" to GET /api/v1/ports, which is no answer of a manager`,
    );
  });

  it('asks again after the time that a 503 names, and is content with the answer then', async () => {
    let asked = 0;
    const reply = await ask(() =>
      ++asked < 3
        ? withHeaders(problem(503, 'unavailable', 'busy'), { 'retry-after': '0' })
        : { body: { ok: true } },
    );
    expect(await reply.json()).toEqual({ ok: true });
    expect(asked).toBe(3);
  });

  it('repeats a POST only with an Idempotency-Key, and then with the same body and key', async () => {
    const busyOnce = () => {
      let asked = 0;
      return () =>
        ++asked < 2
          ? withHeaders(problem(503, 'unavailable', 'busy'), { 'retry-after': '0' })
          : { status: 201, body: {} };
    };
    const init = { method: 'POST', body: '{"name":"x"}' };
    await ask(busyOnce(), {}, { ...init, headers: { 'idempotency-key': 'k' } });
    expect(server?.requests.map(({ body, headers }) => [body, headers['idempotency-key']])).toEqual([
      ['{"name":"x"}', 'k'],
      ['{"name":"x"}', 'k'],
    ]);
    await server?.stop();
    expect(await failure(ask(busyOnce(), {}, init))).toMatchObject({ status: 503 });
    expect(server?.requests).toHaveLength(1);
  });

  it.each(['PATCH', 'DELETE'])('never repeats a %s, which may have been done', async (method) => {
    expect(await failure(ask(() => problem(503, 'unavailable', 'busy'), {}, { method }))).toBeInstanceOf(
      ApiProblem,
    );
    expect(server?.requests).toHaveLength(1);
  });

  it('gives up when the manager asks for more patience than there is', async () => {
    const error = await failure(
      ask(() => withHeaders(problem(503, 'unavailable', 'busy'), { 'retry-after': '60' }), {
        retryForMs: 100,
      }),
    );
    expect(error).toMatchObject({ status: 503 });
    expect(server?.requests).toHaveLength(1);
  });

  it('says so when nothing listens', async () => {
    server = await HttpFake.start(() => ({}));
    const { url } = server;
    await server.stop();
    server = null;
    const error = await failure(
      transport({ server: url, token: null, userAgent: 'x', timeoutMs: 1000, retryForMs: 0 })(
        new Request(`${url}/`),
      ),
    );
    expect(error).toBeInstanceOf(ServerUnreachableError);
    expect((error as Error).message).toBe(
      `${url} can't be reached: nothing listens there; is the manager running, and is the address right?`,
    );
  });

  it('takes an answer that is cut off for none', async () => {
    const error = await failure(
      ask((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('{"half":');
        setImmediate(() => response.destroy());
        return null;
      }),
    );
    expect(error).toBeInstanceOf(ServerUnreachableError);
    expect((error as Error).message).toContain('the connection was cut');
  });

  it('stops waiting for headers after the limit, and gives a held request the time it asks for', async () => {
    server = await HttpFake.start(() => null);
    const { url } = server;
    const send = transport({ server: url, token: null, userAgent: 'x', timeoutMs: 50, retryForMs: 0 });
    const outcomes: string[] = [];
    const note = (name: string) => (error: Error) => outcomes.push(`${name}: ${error.message}`);
    await Promise.all([
      send(new Request(`${url}/?wait=applied&timeoutMs=200`)).catch(note('held')),
      send(new Request(`${url}/`)).catch(note('plain')),
    ]);
    expect(outcomes).toEqual([
      `plain: ${url} can't be reached: no answer within 0.05 s`,
      `held: ${url} can't be reached: no answer within 0.25 s`,
    ]);
  });

  it('passes an abort of its caller on as an abort', async () => {
    const caller = new AbortController();
    const asked = failure(
      ask(
        () => {
          caller.abort();
          return null;
        },
        {},
        { signal: caller.signal },
      ),
    );
    expect(await asked).toMatchObject({ name: 'AbortError' });
  });
});

function withHeaders<T extends { headers?: Record<string, string> }>(
  reply: T,
  headers: Record<string, string>,
): T {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}
