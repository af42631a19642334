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
import { CreatePortGroupDto, PatchPortGroupDto, PortGroupDto, PortGroupQuery } from './port-group.dto';
import { PortGroupsService } from './port-groups.service';

@ApiTags('port-groups')
@Controller('port-groups')
export class PortGroupsController {
  constructor(private readonly portGroups: PortGroupsService) {}

  @Get()
  @ListOperation({ id: 'listPortGroups', summary: 'List port groups', of: PortGroupDto })
  list(@Query() query: PortGroupQuery, @Req() request: FastifyRequest): Promise<Page<PortGroupDto>> {
    return this.portGroups.list(query, request.url);
  }

  @Post()
  @CreateOperation({ id: 'createPortGroup', summary: 'Create a port group', of: PortGroupDto })
  create(@Body() settings: CreatePortGroupDto, @Write() write: WriteRequest): Promise<Written<PortGroupDto>> {
    return this.portGroups.create(settings, write);
  }

  @Get(':id')
  @GetOperation({ id: 'getPortGroup', summary: 'Read a port group', of: PortGroupDto })
  get(@Param('id', IdPipe) id: string): Promise<PortGroupDto> {
    return this.portGroups.get(id);
  }

  @Patch(':id')
  @PatchOperation({
    id: 'updatePortGroup',
    summary: 'Change a port group, for all of its ports at once',
    description: 'Changing the type clears the VLAN fields of the other type, so they need not be reset.',
    of: PortGroupDto,
    body: PatchPortGroupDto,
  })
  update(
    @Param('id', IdPipe) id: string,
    @Body() patch: object,
    @Write() write: WriteRequest,
  ): Promise<Written<PortGroupDto>> {
    return this.portGroups.update(id, patch, write);
  }

  @Delete(':id')
  @DeleteOperation({ id: 'deletePortGroup', summary: 'Delete a port group that has no ports' })
  delete(@Param('id', IdPipe) id: string, @Write() write: WriteRequest): Promise<Written<never>> {
    return this.portGroups.delete(id, write);
  }
}
