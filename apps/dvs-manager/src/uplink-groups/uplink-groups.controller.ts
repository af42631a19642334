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
import {
  CreateUplinkGroupDto,
  PatchUplinkGroupDto,
  UplinkGroupDto,
  UplinkGroupQuery,
} from './uplink-group.dto';
import { UplinkGroupsService } from './uplink-groups.service';

@ApiTags('uplink-groups')
@Controller('uplink-groups')
export class UplinkGroupsController {
  constructor(private readonly uplinkGroups: UplinkGroupsService) {}

  @Get()
  @ListOperation({ id: 'listUplinkGroups', summary: 'List uplink groups', of: UplinkGroupDto })
  list(@Query() query: UplinkGroupQuery, @Req() request: FastifyRequest): Promise<Page<UplinkGroupDto>> {
    return this.uplinkGroups.list(query, request.url);
  }

  @Post()
  @CreateOperation({
    id: 'createUplinkGroup',
    summary: 'Connect a switch on a host to the physical network',
    of: UplinkGroupDto,
  })
  create(
    @Body() settings: CreateUplinkGroupDto,
    @Write() write: WriteRequest,
  ): Promise<Written<UplinkGroupDto>> {
    return this.uplinkGroups.create(settings, write);
  }

  @Get(':id')
  @GetOperation({ id: 'getUplinkGroup', summary: 'Read an uplink group', of: UplinkGroupDto })
  get(@Param('id', IdPipe) id: string): Promise<UplinkGroupDto> {
    return this.uplinkGroups.get(id);
  }

  @Patch(':id')
  @PatchOperation({
    id: 'updateUplinkGroup',
    summary: 'Change an uplink group',
    of: UplinkGroupDto,
    body: PatchUplinkGroupDto,
  })
  update(
    @Param('id', IdPipe) id: string,
    @Body() patch: object,
    @Write() write: WriteRequest,
  ): Promise<Written<UplinkGroupDto>> {
    return this.uplinkGroups.update(id, patch, write);
  }

  @Delete(':id')
  @DeleteOperation({
    id: 'deleteUplinkGroup',
    summary: 'Disconnect a switch on a host from the physical network',
  })
  delete(@Param('id', IdPipe) id: string, @Write() write: WriteRequest): Promise<Written<never>> {
    return this.uplinkGroups.delete(id, write);
  }
}
