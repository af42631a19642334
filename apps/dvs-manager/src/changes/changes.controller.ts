import { EntityManager, type FilterQuery } from '@mikro-orm/postgresql';
import { Controller, Get, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ListOperation, ReadOperation } from '../openapi/operations';
import { type Page, findPage } from '../paging/page';
import { ChangeDto, ChangeQuery, RevisionDto } from './change.dto';
import { ChangeEntity, type ChangeRow } from './change.entity';
import { Revisions } from './revisions.service';
import { Store } from './store.service';

/** History, which is only ever read. */
@ApiTags('changes')
@Controller()
export class ChangesController {
  constructor(
    private readonly em: EntityManager,
    private readonly revisions: Revisions,
    private readonly store: Store,
  ) {}

  @Get('changes')
  @ListOperation({
    id: 'listChanges',
    summary: 'List changes, the latest first: who, when, from what to what',
    of: ChangeDto,
  })
  async list(@Query() query: ChangeQuery, @Req() request: FastifyRequest): Promise<Page<ChangeDto>> {
    const page = await findPage(this.em.fork(), ChangeEntity, {
      where: changeFilter(query),
      request: query,
      tieBreak: ['revision'],
      url: request.url,
    });
    return { ...page, items: page.items.map(changeDto) };
  }

  @Get('revision')
  @ReadOperation({ id: 'getRevision', summary: 'Read the revision of the last change', of: RevisionDto })
  async revision(): Promise<RevisionDto> {
    return { revision: await this.revisions.current(), storeId: await this.store.id() };
  }
}

export function changeDto(row: ChangeRow): ChangeDto {
  const { revision, at, actor, action, kind, objectId, objectName, before, after } = row;
  return {
    revision,
    at: at.toISOString(),
    actor,
    action,
    kind,
    objectId,
    objectName,
    before: before ?? null,
    after: after ?? null,
  };
}

function changeFilter({ objectId, kind, action, actor, afterRevision }: ChangeQuery): FilterQuery<ChangeRow> {
  const equal = Object.entries({ objectId, kind, action, actor }).filter(([, value]) => value !== null);
  return {
    ...Object.fromEntries(equal),
    ...(afterRevision === null ? {} : { revision: { $gt: afterRevision } }),
  };
}
