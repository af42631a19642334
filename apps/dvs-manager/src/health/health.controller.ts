import { EntityManager } from '@mikro-orm/postgresql';
import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Public } from '../auth/public.decorator';
import { ReadOnlyField } from '../fields/read-only-field';
import { ReadOperation } from '../openapi/operations';
import { unavailable } from '../problems/database-problems';

export class HealthDto {
  @ReadOnlyField({
    type: 'string',
    enum: ['ok'],
    description: 'The only value: everything else is a problem document.',
  })
  status!: 'ok';
}

/** For supervisors and load balancers: without a token, and telling nothing that needs one. */
@ApiTags('health')
@Controller({ path: '' })
export class HealthController {
  constructor(private readonly em: EntityManager) {}

  @Get('healthz')
  @Public()
  @ReadOperation({ id: 'getHealth', summary: 'Whether the process answers', of: HealthDto })
  health(): HealthDto {
    return { status: 'ok' };
  }

  @Get('readyz')
  @Public()
  @ReadOperation({
    id: 'getReadiness',
    summary: 'Whether it can do its work: PostgreSQL answers',
    of: HealthDto,
  })
  async readiness(): Promise<HealthDto> {
    if (!(await this.em.getConnection().isConnected())) throw unavailable();
    return { status: 'ok' };
  }
}
