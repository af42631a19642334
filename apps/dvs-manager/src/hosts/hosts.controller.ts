import { Body, Controller, Delete, Get, Param, Patch, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { IdPipe } from '../fields/dto.pipe';
import {
  CreateOperation,
  DeleteOperation,
  GetOperation,
  ListOperation,
  PatchOperation,
} from '../openapi/operations';
import type { Page } from '../paging/page';
import { Write, type WriteRequest } from '../writing/write-request';
import type { Written } from '../writing/written';
import { CreateHostDto, HostDto, HostQuery, PatchHostDto } from './host.dto';
import { HostsService } from './hosts.service';

@ApiTags('hosts')
@Controller('hosts')
export class HostsController {
  constructor(private readonly hosts: HostsService) {}

  @Get()
  @ListOperation({ id: 'listHosts', summary: 'List hosts with their status', of: HostDto })
  list(@Query() query: HostQuery, @Req() request: FastifyRequest): Promise<Page<HostDto>> {
    return this.hosts.list(query, request.url);
  }

  @Post()
  @CreateOperation({ id: 'createHost', summary: 'Create a host', of: HostDto })
  create(@Body() settings: CreateHostDto, @Write() write: WriteRequest): Promise<Written<HostDto>> {
    return this.hosts.create(settings, write);
  }

  @Get(':id')
  @GetOperation({ id: 'getHost', summary: 'Read a host with its status', of: HostDto })
  get(@Param('id', IdPipe) id: string): Promise<HostDto> {
    return this.hosts.get(id);
  }

  @Patch(':id')
  @PatchOperation({
    id: 'updateHost',
    summary: 'Change a host',
    of: HostDto,
    body: PatchHostDto,
    problems: ['in-use'],
  })
  update(
    @Param('id', IdPipe) id: string,
    @Body() patch: object,
    @Write() write: WriteRequest,
  ): Promise<Written<HostDto>> {
    return this.hosts.update(id, patch, write);
  }

  @Delete(':id')
  @DeleteOperation({ id: 'deleteHost', summary: 'Delete a host that is in no switch and has no ports' })
  delete(@Param('id', IdPipe) id: string, @Write() write: WriteRequest): Promise<Written<never>> {
    return this.hosts.delete(id, write);
  }
}
