import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Observable, mergeMap, of } from 'rxjs';
import type { AwaitedEffect } from '../changes/change-transaction';
import { AppliedWaiter, type AppliedOutcome } from '../waiting/applied-waiter.service';
import type { AppliedDto, NotAppliedDto } from './applied.dto';
import { etag } from './preconditions';
import { Written, type WrittenBody } from './written';

/** Turns what a write has done into its HTTP answer: headers, and with wait=applied the hosts' acknowledgement. */
@Injectable()
export class WriteInterceptor implements NestInterceptor {
  constructor(private readonly waiter: AppliedWaiter) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    return next
      .handle()
      .pipe(
        mergeMap((result: unknown) =>
          result instanceof Written
            ? this.answer(result as Written<WrittenBody>, http.getRequest(), http.getResponse())
            : of(result),
        ),
      );
  }

  private async answer(
    written: Written<WrittenBody>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<unknown> {
    const { body, status, revision } = written.answer;
    if (body?.version !== undefined) void reply.header('etag', etag(body.version));
    if (revision !== null) void reply.header('opendvs-revision', `${revision}`);
    if (written.replayed) void reply.header('idempotency-replayed', 'true');
    if (status === 201 && body?.id) void reply.header('location', `${request.url.split('?')[0]}/${body.id}`);
    if (!written.wait) {
      void reply.status(status);
      return body ? written.refresh(body) : undefined;
    }
    const outcome = await this.untilApplied(written.answer.awaits, written.wait.timeoutMs, reply);
    void reply.status(outcome.applied ? (status === 204 ? 200 : status) : 202);
    return { ...(body && written.refresh(body)), ...outcome };
  }

  /** Waits for all effects at the same time; a client that hangs up ends the wait. */
  private async untilApplied(
    awaits: AwaitedEffect[],
    timeoutMs: number,
    reply: FastifyReply,
  ): Promise<AppliedDto | NotAppliedDto> {
    const gone = new AbortController();
    const leave = () => gone.abort();
    reply.raw.once('close', leave);
    try {
      return combine(
        await Promise.all(awaits.map((effect) => this.waiter.wait(effect, timeoutMs, gone.signal))),
      );
    } finally {
      reply.raw.off('close', leave);
    }
  }
}

export function combine(outcomes: AppliedOutcome[]): AppliedDto | NotAppliedDto {
  if (outcomes.every(({ applied }) => applied)) return { applied: true };
  const hosts = outcomes.flatMap((outcome) => outcome.hosts).filter(({ applied }) => !applied);
  return {
    applied: false,
    waitingFor: hosts
      .filter(({ failures }) => failures.length === 0)
      .map(({ hostId, reason }) => ({ hostId, reason: reason ?? 'not acknowledged yet' })),
    failures: hosts.flatMap(({ hostId, failures }) => failures.map((failure) => ({ hostId, ...failure }))),
  };
}
