import fastify from 'fastify';
import fc from 'fast-check';
import { JSON_DEPTH_MAX, checkDepth } from './json-body';
import { RouteTable } from './route-table';

describe('nesting of JSON', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

  it(`is accepted down to ${JSON_DEPTH_MAX} levels`, () => {
    expect(() => checkDepth(nested(JSON_DEPTH_MAX))).not.toThrow();
    expect(() => checkDepth(nested(JSON_DEPTH_MAX + 1))).toThrow('32 levels deep');
    expect(() => checkDepth(`{"a":`.repeat(33) + '1' + '}'.repeat(33))).toThrow('levels deep');
  });

  it('is not mistaken for brackets in text', () => {
    expect(() => checkDepth(JSON.stringify({ text: '[{'.repeat(100), quoted: '\\"[[[[' }))).not.toThrow();
  });

  it('agrees with the depth of the parsed value, for any JSON', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 40 }), (value) => {
        const fits = depthOf(value) <= JSON_DEPTH_MAX;
        const check = () => checkDepth(JSON.stringify(value));
        if (fits) expect(check).not.toThrow();
        else expect(check).toThrow();
      }),
    );
  });
});

describe('paths that miss', () => {
  const app = fastify();
  const routes = new RouteTable();
  beforeAll(() => {
    routes.watch(app);
    app.get('/things/:id', () => null);
    app.delete('/things/:id', () => null);
    app.get('/things/a.b', () => null);
  });
  afterAll(() => app.close());

  it('are told apart: no such path, or another method', () => {
    expect(routes.explainMiss('PUT', '/things/7?x=1')).toMatchObject({
      slug: 'method-not-allowed',
      extras: { headers: { allow: 'DELETE, GET, HEAD' } },
    });
    expect(routes.explainMiss('PUT', '/things')).toMatchObject({ slug: 'no-such-route' });
    expect(routes.explainMiss('GET', '/things/7/parts')).toMatchObject({ slug: 'no-such-route' });
    expect(routes.explainMiss('POST', '/things/aXb/')).toMatchObject({ slug: 'method-not-allowed' });
  });
});
