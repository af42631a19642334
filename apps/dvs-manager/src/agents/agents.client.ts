/** Asks one host's agent, over Nest's NATS transport. What comes back is checked before anybody sees it. */
import {
  type PlanReply,
  planReplySchema,
  type PortReply,
  portReplySchema,
  type ReportAllReply,
  reportAllReplySchema,
  type RpcPattern,
  rpcSubject,
} from '@opendvs/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { EmptyError, firstValueFrom, timeout, TimeoutError } from 'rxjs';
import type { z } from 'zod';
import { ProblemError } from '../problems/problem';

/** Injection token of the transport. */
export const AGENT_TRANSPORT = Symbol('AGENT_TRANSPORT');

/** A plan reads the engine back, which takes its time with thousands of ports. */
const TIMEOUT_MS: Record<RpcPattern, number> = { plan: 10_000, port: 3000, 'report-all': 5000 };

/** All throw ProblemError: `host-silent` (504) when no answer comes in time, `host-answer` (502) when it says no or makes no sense. */
@Injectable()
export class AgentsClient {
  constructor(@Inject(AGENT_TRANSPORT) private readonly transport: ClientProxy) {}

  /** What the agent would do now, after an audit of its engine. */
  async plan(hostId: string): Promise<PlanReply> {
    const reply = await this.ask(hostId, 'plan', { hostId }, planReplySchema);
    if (reply.hostId !== hostId) throw nonsense(hostId, `it answered for host ${reply.hostId}`);
    return reply;
  }

  /** One port, asked of the engine now. */
  async port(hostId: string, portId: string): Promise<PortReply> {
    const reply = await this.ask(hostId, 'port', { hostId, portId }, portReplySchema);
    const answered = reply.status?.portId ?? reply.counters?.portId ?? portId;
    if (answered !== portId) throw nonsense(hostId, `it answered for port ${answered}`);
    return reply;
  }

  /** Makes the host send a full status report. */
  async reportAll(hostId: string): Promise<ReportAllReply> {
    return this.ask(hostId, 'report-all', { hostId }, reportAllReplySchema);
  }

  private async ask<S extends z.ZodType>(
    hostId: string,
    pattern: RpcPattern,
    request: object,
    schema: S,
  ): Promise<z.infer<S>> {
    const timeoutMs = TIMEOUT_MS[pattern];
    const answer = await firstValueFrom(
      this.transport.send<unknown>(rpcSubject(hostId, pattern), request).pipe(timeout(timeoutMs)),
    ).catch((error: unknown) => {
      throw explain(hostId, error, timeoutMs);
    });
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw nonsense(hostId, parsed.error.issues[0]?.message ?? 'not what was asked for');
  }
}

/** The transport's own errors are texts and Errors; what an agent threw arrives as a plain object. */
function explain(hostId: string, error: unknown, timeoutMs: number): ProblemError {
  if (error instanceof TimeoutError)
    return silent(hostId, ` within ${timeoutMs / 1000} s; its agent or engine may be busy or hung`);
  const message = messageOf(error);
  if (/^Empty response/.test(message) || error instanceof EmptyError)
    return silent(hostId, ': no agent with this host id is connected to the bus');
  if (error instanceof Error || typeof error === 'string')
    return silent(hostId, `: this manager has no connection to the bus now (${message})`);
  return new ProblemError('host-answer', `host ${hostId} could not answer: ${message}`);
}

function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : String(error);
}

function silent(hostId: string, how: string): ProblemError {
  return new ProblemError('host-silent', `host ${hostId} did not answer${how}`);
}

function nonsense(hostId: string, what: string): ProblemError {
  return new ProblemError('host-answer', `host ${hostId} gave an answer that can not be used: ${what}`);
}
