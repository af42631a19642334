import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Observable, map } from 'rxjs';
import { etag, isNotModified } from './preconditions';
import type { WrittenBody } from './written';

/** Gives every object that a GET returns its ETag, and answers 304 when the client has that version already. */
@Injectable()
export class EtagInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (request.method !== 'GET') return next.handle();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map((body: WrittenBody | undefined) => {
        if (typeof body?.version !== 'number') return body;
        void reply.header('etag', etag(body.version));
        if (!isNotModified(request.headers['if-none-match'], body.version)) return body;
        void reply.status(304);
        return undefined;
      }),
    );
  }
}
