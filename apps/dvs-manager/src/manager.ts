/** The manager as an application: everything between its configuration and a listening socket. */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import helmet from '@fastify/helmet';
import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { AppModule } from './app.module';
import { Authenticator } from './auth/authenticator.service';
import type { ManagerConfig } from './configuration';
import { DtoPipe } from './fields/dto.pipe';
import { BODY_BYTES_MAX } from './http/body-limits';
import { registerJsonBodies } from './http/json-body';
import { RouteTable } from './http/route-table';
import { serveDocs } from './openapi/docs';
import { ProblemError } from './problems/problem';
import { ProblemFilter } from './problems/problem.filter';

/** How long a client may take to send a request. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Outside of /api/v1, where supervisors and Prometheus expect them. */
const ROOT_PATHS = ['healthz', 'readyz', 'metrics'];

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Largest body of the route, where it is not the usual one. */
    bodyLimit?: number;
  }
}

/** Ready to serve (`listen` or `inject`) when it resolves. The database must be prepared (prepare-database.ts). */
export async function createManager(
  config: ManagerConfig,
  logger: LoggerService | false,
): Promise<NestFastifyApplication> {
  const routes = new RouteTable();
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    genReqId: () => randomUUID(),
    forceCloseConnections: 'idle', // what is being answered is finished
    skipMiddie: true,
    // a URL that the router can't read never reaches the filter
    frameworkErrors: (_error: Error, { url }: { url: string }, { raw }: { raw: ServerResponse }) => {
      const problem = new ProblemError(
        'malformed-request',
        'a part of the URL is too long, or wrongly encoded',
      );
      raw.writeHead(problem.status, { 'content-type': 'application/problem+json' });
      raw.end(JSON.stringify(problem.toDocument(url)));
    },
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  routes.watch(fastify);
  fastify.addHook('onRoute', (route) => {
    route.bodyLimit ??= route.config?.bodyLimit;
  });
  registerJsonBodies(fastify);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(config), adapter, {
    bodyParser: false,
    abortOnError: false,
    logger,
  });
  app.setGlobalPrefix('api/v1', { exclude: ROOT_PATHS });
  app.useGlobalPipes(new DtoPipe());
  app.useGlobalFilters(new ProblemFilter(routes));
  await fastify.register(helmet, {
    strictTransportSecurity: false, // plain HTTP on loopback by default; a TLS proxy adds its own
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  });
  fastify.decorateRequest('actor', '');
  fastify.addHook('onRequest', app.get(Authenticator).hook);
  fastify.addHook('onSend', async (_, reply) => {
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store'); // a browser's cache would show old statuses
  });
  serveDocs(app);
  await app.init();
  await fastify.ready();
  return app;
}
