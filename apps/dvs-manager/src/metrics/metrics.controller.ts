import { Controller, Get, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ProblemResponses } from '../openapi/operations';
import { ManagerMetrics } from './manager-metrics';

/** Wants a token like everything else: in Prometheus, `authorization: {credentials_file: …}` of the scrape configuration. */
@ApiTags('health')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: ManagerMetrics) {}

  @Get()
  @ApiOperation({
    operationId: 'getMetrics',
    summary: "The manager's metrics for Prometheus",
    description:
      'Needs a token like everything else: set `authorization.credentials_file` in the scrape configuration.',
  })
  @ApiProduces('text/plain')
  @ApiResponse({
    status: 200,
    description: 'Prometheus text format.',
    content: { 'text/plain': { schema: { type: 'string', description: 'Metrics.' } } },
  })
  @ProblemResponses('unauthorized', 'too-many-requests', 'internal-error', 'unavailable')
  async get(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    void reply.type(this.metrics.registry.contentType);
    return this.metrics.registry.metrics();
  }
}
