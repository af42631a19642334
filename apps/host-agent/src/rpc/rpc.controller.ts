import { Controller } from '@nestjs/common';
import { MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import {
  planRequestSchema,
  portRequestSchema,
  reportAllRequestSchema,
  type PlanReply,
  type PortReply,
  type ReportAllReply,
  type RpcPattern,
} from '@opendvs/contracts';
import type { z } from 'zod';
import { HostInspection } from '../host-inspection';
import { Reporter } from '../reports/reporter';
import { AgentIdentity } from '../agent-identity';
import { errorMessage } from '../error-message';

/**
 * What a manager may ask of this host. A request that doesn't fit its schema, or is meant for another host, is refused. Failures are
 * answered as text for people.
 */
@Controller()
export class RpcController {
  constructor(
    private readonly identity: AgentIdentity,
    private readonly inspection: HostInspection,
    private readonly reporter: Reporter,
  ) {}

  @MessagePattern('plan' satisfies RpcPattern)
  async plan(@Payload() payload: unknown): Promise<PlanReply> {
    this.requestOf(planRequestSchema, payload);
    return answer(() => this.inspection.plan());
  }

  @MessagePattern('port' satisfies RpcPattern)
  async port(@Payload() payload: unknown): Promise<PortReply> {
    const { portId } = this.requestOf(portRequestSchema, payload);
    return answer(async () => {
      const reply = await this.inspection.port(portId);
      return reply ?? { status: null, counters: null, engine: { link: 'absent' } };
    });
  }

  @MessagePattern('report-all' satisfies RpcPattern)
  async reportAll(@Payload() payload: unknown): Promise<ReportAllReply> {
    this.requestOf(reportAllRequestSchema, payload);
    return answer(async () => ({ ports: await this.reporter.reportAll() }));
  }

  private requestOf<T extends { hostId: string }>(schema: z.ZodType<T>, payload: unknown): T {
    const parsed = schema.safeParse(payload);
    if (!parsed.success) {
      const issues = parsed.error.issues.map(
        ({ path, message }) => `${path.join('.') || 'request'}: ${message}`,
      );
      throw new RpcException(`the request doesn't match its schema: ${issues.join('; ')}`);
    }
    if (parsed.data.hostId !== this.identity.hostId) {
      throw new RpcException(
        `this is host ${this.identity.hostId}; the request is for host ${parsed.data.hostId}`,
      );
    }
    return parsed.data;
  }
}

/** Expected failures (no desired state yet, engine away) become the answer; Nest would only say "internal error". */
async function answer<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new RpcException(errorMessage(error));
  }
}
