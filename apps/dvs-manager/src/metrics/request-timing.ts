import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { ManagerMetrics } from './manager-metrics';

/** Times every answer by its route. Streams of events, which have no end, are left out. */
@Injectable()
export class RequestTiming {
  constructor(host: HttpAdapterHost, metrics: ManagerMetrics) {
    const fastify = host.httpAdapter?.getInstance<FastifyInstance>();
    fastify?.addHook('onResponse', (request, reply, done) => {
      const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
      const type = String(reply.getHeader('content-type') ?? reply.raw.getHeader('content-type') ?? '');
      if (!type.startsWith('text/event-stream'))
        metrics.answered(request.method, route, reply.statusCode, reply.elapsedTime);
      done();
    });
  }
}
