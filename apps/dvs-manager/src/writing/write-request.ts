import { createHash } from 'node:crypto';
import { type ExecutionContext, createParamDecorator } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { type FieldError, ProblemError, invalid } from '../problems/problem';
import { type Precondition, readIfMatch } from './preconditions';

export const WAIT_TIMEOUT_MS_DEFAULT = 10_000;
export const WAIT_TIMEOUT_MS_MAX = 60_000;

/** What a write says besides its body: who, based on what, repeated or not, and whether to wait for the hosts. */
export interface WriteRequest {
  actor: string;
  ifMatch: Precondition | null;
  /** `requestHash` tells whether the same key comes with the same request. */
  idempotency: { key: string; requestHash: string } | null;
  /** null: answer as soon as the change is saved. */
  wait: { timeoutMs: number } | null;
}

/** Parameter of a controller's method: the {@link WriteRequest}. */
export const Write = createParamDecorator((_: unknown, context: ExecutionContext): WriteRequest => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return readWriteRequest(request);
});

/** @throws ProblemError (428) when the client doesn't say which version its change is based on */
export function requiredIfMatch(write: WriteRequest): Precondition {
  if (write.ifMatch) return write.ifMatch;
  throw new ProblemError(
    'precondition-required',
    'send If-Match with the ETag that you have read, or * to change whatever there is',
  );
}

type RequestParts = Pick<FastifyRequest, 'headers' | 'method' | 'url' | 'actor' | 'body'> & {
  query: unknown;
};

export function readWriteRequest(request: RequestParts): WriteRequest {
  return {
    actor: request.actor,
    ifMatch: readIfMatch(request.headers['if-match']),
    idempotency: readIdempotencyKey(request),
    wait: readWait(request.query as Record<string, unknown>),
  };
}

function readWait(query: Record<string, unknown>): WriteRequest['wait'] {
  const errors: FieldError[] = [];
  const wrong = (field: string, reason: string) => errors.push({ in: 'query', field, reason });
  for (const name of Object.keys(query))
    if (name !== 'wait' && name !== 'timeoutMs') wrong(name, 'is not a parameter of this request');
  const { wait, timeoutMs = `${WAIT_TIMEOUT_MS_DEFAULT}` } = query;
  if (wait !== undefined && wait !== 'applied') wrong('wait', 'must be "applied"');
  if (wait === undefined && query.timeoutMs !== undefined)
    wrong('timeoutMs', 'has a meaning only with wait=applied');
  const isCount =
    typeof timeoutMs === 'string' && /^\d{1,6}$/.test(timeoutMs) && Number(timeoutMs) <= WAIT_TIMEOUT_MS_MAX;
  if (!isCount) wrong('timeoutMs', `must be an integer from 0 to ${WAIT_TIMEOUT_MS_MAX} (milliseconds)`);
  if (errors.length > 0) throw invalid(errors);
  return wait === undefined ? null : { timeoutMs: Number(timeoutMs) };
}

function readIdempotencyKey(request: RequestParts): WriteRequest['idempotency'] {
  const key = request.headers['idempotency-key'];
  if (key === undefined || request.method !== 'POST') return null;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw invalid([
      {
        in: 'header',
        field: 'Idempotency-Key',
        reason: 'must be 1 to 255 printable ASCII characters without spaces',
      },
    ]);
  }
  const [path] = request.url.split('?');
  const requestHash = createHash('sha256')
    .update(`${request.method} ${path}\n${JSON.stringify(request.body ?? null)}`)
    .digest('base64url');
  return { key, requestHash };
}
