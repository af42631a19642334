import type { FastifyInstance } from 'fastify';
import { ProblemError } from '../problems/problem';

/** Knows every path of the API with its methods, to tell a path that isn't there from a method that it doesn't have. */
export class RouteTable {
  private readonly routes: { path: RegExp; methods: Set<string> }[] = [];

  /** Must be called before the first route is registered. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url, method }) => {
      const path = new RegExp(`^${url.split('/').map(segmentPattern).join('/')}/?$`);
      this.routes.push({ path, methods: new Set(Array.isArray(method) ? method : [method]) });
    });
  }

  explainMiss(method: string, url: string): ProblemError {
    const path = url.split('?')[0] ?? '/';
    const allowed = new Set(
      this.routes.filter((route) => route.path.test(path)).flatMap((route) => [...route.methods]),
    );
    if (allowed.size === 0 || allowed.has(method)) {
      return new ProblemError(
        'no-such-route',
        `the API has nothing at ${path}; /api/docs lists what there is`,
      );
    }
    const allow = [...allowed].sort().join(', ');
    return new ProblemError('method-not-allowed', `${path} has no ${method}; it has ${allow}`, {
      headers: { allow },
    });
  }
}

function segmentPattern(segment: string): string {
  if (segment === '*') return '.*';
  return segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
