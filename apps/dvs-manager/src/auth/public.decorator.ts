import { RouteConfig } from '@nestjs/platform-fastify';

/** A route that needs no token: health, and the description of the API. */
export const Public = (): MethodDecorator => RouteConfig({ public: true });
