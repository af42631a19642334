import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RouteTable } from '../http/route-table';
import { databaseProblem } from './database-problems';
import { ProblemError } from './problem';
import type { ProblemSlug } from './problem-types';

const BY_STATUS: Record<number, ProblemSlug> = {
  400: 'malformed-request',
  413: 'payload-too-large',
  415: 'unsupported-media-type',
};

/** Every error of every request ends here and leaves as application/problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = new Logger('API');

  constructor(private readonly routes: RouteTable) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = this.toProblem(error, request);
    if (reply.sent) {
      this.log.error(`${request.method} ${request.url} failed after its answer had begun: ${problem.detail}`);
      return;
    }
    void reply
      .status(problem.status)
      .headers({ 'cache-control': 'no-store', ...problem.extras.headers })
      .type('application/problem+json')
      .send(JSON.stringify(problem.toDocument(request.url.split('?')[0] ?? '/')));
  }

  private toProblem(error: unknown, request: FastifyRequest): ProblemError {
    if (error instanceof ProblemError) return error;
    const fromDatabase = databaseProblem(error);
    if (fromDatabase) {
      if (fromDatabase.slug === 'unavailable')
        this.log.warn(`${request.method} ${request.url}: ${(error as Error).message}`);
      return fromDatabase;
    }
    if (error instanceof HttpException) return this.fromHttpException(error, request);
    return this.internal(error, request);
  }

  private fromHttpException(error: HttpException, request: FastifyRequest): ProblemError {
    const status = error.getStatus();
    if (status === 404) return this.routes.explainMiss(request.method, request.url);
    const slug = BY_STATUS[status];
    if (slug) return new ProblemError(slug, plainReason(slug, error, request));
    return status < 500
      ? new ProblemError('malformed-request', error.message)
      : this.internal(error, request);
  }

  private internal(error: unknown, request: FastifyRequest): ProblemError {
    const requestId = request.id;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.log.error(`${request.method} ${request.url} [${requestId}] failed: ${text}`);
    return new ProblemError(
      'internal-error',
      `The manager has failed; its log has the details under ${requestId}.`,
      {
        members: { requestId },
      },
    );
  }
}

function plainReason(slug: ProblemSlug, error: HttpException, request: FastifyRequest): string {
  if (slug === 'unsupported-media-type') {
    return `content type "${request.headers['content-type'] ?? ''}" is not supported; send application/json`;
  }
  return error.message;
}
