/** Requests that can not be read, are too large, go nowhere, or come without a valid token. */
import { ManagerRig, type Named, type Problem, RefusalCheck, aName, aPlace } from './manager-api-rig';

const NOBODY = '00000000-0000-4000-8000-000000000000';

let rig: ManagerRig;
let place: Awaited<ReturnType<typeof aPlace>>;
const refusal = new RefusalCheck(() => rig);

beforeAll(async () => {
  rig = await ManagerRig.start();
  place = await aPlace(rig);
}, 60_000);
afterAll(() => rig?.stop());
beforeEach(() => refusal.begin());

describe('requests', () => {
  const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
    rig.send<Problem>('POST', '/switches', body, headers);

  it.each<[string, string | Buffer]>([
    ['JSON that is cut off', '{"name": "x"'],
    ['NaN', '{"name": "x", "mtuBytes": NaN}'],
    ['malformed UTF-8', Buffer.from([...Buffer.from('{"name": "'), 0xc3, 0x28, ...Buffer.from('"}')])],
    ['UTF-16', Buffer.from('{"name": "x"}', 'utf16le')],
    ['JSON 33 levels deep', `{"name": ${'['.repeat(32)}${']'.repeat(32)}}`],
    ['JSON a million levels deep', '['.repeat(1_000_000)],
    ['a key named __proto__', '{"name": "x", "__proto__": {"polluted": true}}'],
    ['a key that reaches for prototypes', '{"name": "x", "constructor": {"prototype": {}}}'],
  ])('with %s can not be read', async (_, body) => {
    await refusal.expect(await post(body), 400, 'malformed-request');
  });

  it.each(['[]', '"x"', '5', 'null', ''])('with %j where an object belongs', async (body) => {
    await refusal.expect(await post(body), 400, 'validation-failed');
  });

  it('with a body of 50 MB are refused', async () => {
    const body = Buffer.alloc(50_000_000, 0x20);
    await refusal.expect(await post(body), 413, 'payload-too-large');
    await refusal.expect(await rig.send<Problem>('POST', '/ports/bulk', body), 413, 'payload-too-large');
  });

  it('over 1 MiB are for bulk only', async () => {
    const padded = (bytes: number) => `{"name": "x",${' '.repeat(bytes)} "mtuBytes": 1}`;
    await refusal.expect(await post(padded(1_048_576)), 413, 'payload-too-large');
    const bulk = await rig.send<Problem>('POST', '/ports/bulk', `{${' '.repeat(7_000_000)}}`);
    await refusal.expect(bulk, 400, 'validation-failed'); // it was read
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/xml',
    'application/json-patch+json',
  ])('of content type %s are refused', async (type) => {
    const answer = await post('{"name":"x"}', { 'content-type': type });
    await refusal.expect(answer, 415, 'unsupported-media-type');
    expect(answer.body.detail).toContain('application/json');
  });

  it('for paths and methods that are not there', async () => {
    await refusal.expect(await rig.send<Problem>('GET', '/nothing'), 404, 'no-such-route');
    await refusal.expect(await rig.send<Problem>('GET', '//'), 404, 'no-such-route');
    const answer = await rig.send<Problem>('PUT', '/switches', {});
    await refusal.expect(answer, 405, 'method-not-allowed');
    expect(answer.headers.allow).toBe('GET, HEAD, POST');
    await refusal.expect(await rig.send<Problem>('POST', `/ports/${NOBODY}`, {}), 405, 'method-not-allowed');
  });

  it('for objects that are not there', async () => {
    for (const path of ['/switches', '/hosts', '/uplink-groups', '/port-groups', '/ports']) {
      await refusal.expect(await rig.send<Problem>('GET', `${path}/${NOBODY}`), 404, 'not-found');
      await refusal.expect(await rig.send<Problem>('DELETE', `${path}/${NOBODY}`), 404, 'not-found');
      await refusal.expect(
        await rig.send<Problem>('PATCH', `${path}/${NOBODY}`, {}, { 'if-match': '*' }),
        404,
        'not-found',
      );
      const answer = await rig.send<Problem>('GET', `${path}/not-an-id`);
      await refusal.expect(answer, 400, 'validation-failed');
    }
    await refusal.expect(
      await rig.send<Problem>('PUT', `/switches/${NOBODY}/hosts/${place.host.id}`),
      404,
      'not-found',
    );
    await refusal.expect(
      await rig.send<Problem>('PUT', `/switches/${place.dvs.id}/hosts/${NOBODY}`),
      404,
      'not-found',
    );
  });

  it.each(['/ports/%FF', '/ports/%zz', `/ports/${'a'.repeat(300)}`])(
    'for %s, which is no path',
    async (path) => {
      await refusal.expect(await rig.send<Problem>('GET', path), 400, 'malformed-request');
    },
  );

  it('that would overwrite what they have not seen', async () => {
    const path = `/switches/${place.dvs.id}`;
    const patch = (headers: Record<string, string>) =>
      rig.send<Problem>('PATCH', path, { description: 'x' }, headers);
    await refusal.expect(await patch({}), 428, 'precondition-required');
    const stale = await patch({ 'if-match': '"99"' });
    await refusal.expect(stale, 412, 'precondition-failed');
    expect(stale.headers.etag).toBe('"1"');
    await refusal.expect(await patch({ 'if-match': 'W/"1"' }), 412, 'precondition-failed');
    await refusal.expect(await patch({ 'if-match': '1' }), 400, 'validation-failed');
  });

  it.each([
    ['?wait=yes', 'wait'],
    ['?wait=applied&timeoutMs=60001', 'timeoutMs'],
    ['?wait=applied&timeoutMs=-1', 'timeoutMs'],
    ['?timeoutMs=5', 'timeoutMs'],
    ['?force=true', 'force'],
  ])('with %s', async (query, field) => {
    const answer = await rig.send<Problem>('POST', `/switches${query}`, { name: aName('s') });
    await refusal.expect(answer, 400, 'validation-failed');
    expect(answer.body.errors).toMatchObject([{ in: 'query', field }]);
  });

  it('with an Idempotency-Key that can not be one', async () => {
    const answer = await rig.send<Problem>(
      'POST',
      '/switches',
      { name: aName('s') },
      { 'idempotency-key': 'a b' },
    );
    await refusal.expect(answer, 400, 'validation-failed');
  });
});

describe('tokens', () => {
  const get = (authorization: string | undefined, path = '/switches') =>
    rig.send<Problem>('GET', path, undefined, { authorization });

  it('are needed everywhere but on health and the documentation', async () => {
    for (const path of ['/switches', '/revision', '/nothing', '//metrics', '/changes']) {
      const answer = await get(undefined, path);
      await refusal.expect(answer, 401, 'unauthorized');
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    }
    for (const path of ['//healthz', '//readyz', '/api/docs', '/api/openapi.json']) {
      expect(await get(undefined, path)).toMatchObject({ status: 200 });
    }
  });

  it('that are wrong in any part are refused', async () => {
    const secret = rig.token.slice(38);
    const flipped = rig.token.slice(0, -1) + (rig.token.endsWith('A') ? 'B' : 'A');
    for (const token of [
      flipped,
      `odvs_${NOBODY.replaceAll('-', '')}_${secret}`,
      'x',
      `${rig.token} ${rig.token}`,
    ]) {
      await refusal.expect(await get(`Bearer ${token}`), 401, 'unauthorized');
    }
    await refusal.expect(await get(`Basic ${rig.token}`), 401, 'unauthorized');
    expect(await get(`bearer ${rig.token}`)).toMatchObject({ status: 200 });
  });

  it('are kept as hashes, and shown once', async () => {
    const made = await rig.ok<{ id: string; token: string }>('POST', '/tokens', { name: aName('t') });
    const list = await rig.ok('GET', '/tokens');
    const secret = made.token.slice(38);
    expect(JSON.stringify(list)).not.toContain(secret);
    for (const table of ['tokens', 'changes', 'outbox', 'idempotency_keys']) {
      expect(JSON.stringify(await rig.sql(`select * from ${table}`))).not.toContain(secret);
    }
  });

  it('let nobody in once they are revoked', async () => {
    const made = await rig.ok<{ id: string; token: string }>('POST', '/tokens', { name: aName('t') });
    expect(await get(`Bearer ${made.token}`)).toMatchObject({ status: 200 });
    await rig.ok('DELETE', `/tokens/${made.id}`);
    expect(await get(`Bearer ${made.token}`)).toMatchObject({ status: 401 });
  });

  it('can not be revoked down to the last', async () => {
    const { items } = await rig.ok<{ items: Named[] }>('GET', '/tokens');
    const own = items.find(({ name }) => name === 'administrator')!;
    for (const { id } of items) if (id !== own.id) await rig.ok('DELETE', `/tokens/${id}`);
    await refusal.begin();
    await refusal.expect(await rig.send<Problem>('DELETE', `/tokens/${own.id}`), 409, 'in-use');
  });

  it('that fail too often make their sender wait, while valid ones still get in', async () => {
    const answers = [];
    for (let i = 0; i < 25; i += 1) answers.push(await get(`Bearer wrong-${i}`));
    const last = answers.at(-1)!;
    await refusal.expect(last, 429, 'too-many-requests');
    expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
    expect(await get(`Bearer ${rig.token}`)).toMatchObject({ status: 200 });
  });
});
