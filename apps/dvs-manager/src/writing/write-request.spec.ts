import { readWriteRequest, requiredIfMatch } from './write-request';

const request = (more: object = {}) =>
  readWriteRequest({
    headers: {},
    method: 'POST',
    url: '/api/v1/ports',
    actor: 'me',
    body: { a: 1 },
    query: {},
    ...more,
  });

it('asks for nothing beyond the write by itself', () => {
  expect(request()).toEqual({ actor: 'me', ifMatch: null, idempotency: null, wait: null });
});

it('waits ten seconds unless told otherwise, and a minute at most', () => {
  expect(request({ query: { wait: 'applied' } }).wait).toEqual({ timeoutMs: 10_000 });
  expect(request({ query: { wait: 'applied', timeoutMs: '60000' } }).wait).toEqual({ timeoutMs: 60_000 });
  for (const timeoutMs of ['60001', '-1', '1.5', '1e3', '']) {
    expect(() => request({ query: { wait: 'applied', timeoutMs } })).toThrow(/timeoutMs/);
  }
});

it('tells whether the same key comes with the same request: method, path and body, not how long to wait', () => {
  const hashOf = (more: object) =>
    request({ headers: { 'idempotency-key': 'k' }, ...more }).idempotency?.requestHash;
  const hash = hashOf({});
  expect(hashOf({ url: '/api/v1/ports?wait=applied', query: { wait: 'applied' } })).toBe(hash);
  expect(hashOf({ body: { a: 2 } })).not.toBe(hash);
  expect(hashOf({ url: '/api/v1/switches' })).not.toBe(hash);
});

it('insists on If-Match where a lost update is possible', () => {
  expect(() => requiredIfMatch(request())).toThrow(/If-Match/);
  expect(requiredIfMatch(request({ headers: { 'if-match': '*' } }))).toBe('*');
});
