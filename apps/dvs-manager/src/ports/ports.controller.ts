import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { IdPipe } from '../fields/dto.pipe';
import { BULK_BODY_BYTES_MAX } from '../http/body-limits';
import {
  BulkOperation,
  CreateOperation,
  DeleteOperation,
  GetOperation,
  ListOperation,
  PatchOperation,
} from '../openapi/operations';
import type { Page } from '../paging/page';
import { Write, type WriteRequest } from '../writing/write-request';
import type { Written } from '../writing/written';
import { BulkPortsDto, BulkPortsResultDto } from './bulk-ports.dto';
import { CreatePortDto, PatchPortDto, PortDto, PortQuery } from './port.dto';
import { PortsService } from './ports.service';

@ApiTags('ports')
@Controller('ports')
export class PortsController {
  constructor(private readonly ports: PortsService) {}

  @Get()
  @ListOperation({ id: 'listPorts', summary: 'List ports with their status', of: PortDto })
  list(@Query() query: PortQuery, @Req() request: FastifyRequest): Promise<Page<PortDto>> {
    return this.ports.list(query, request.url);
  }

  @Post()
  @CreateOperation({ id: 'createPort', summary: 'Create a port', of: PortDto })
  create(@Body() settings: CreatePortDto, @Write() write: WriteRequest): Promise<Written<PortDto>> {
    return this.ports.create(settings, write);
  }

  @Post('bulk')
  @HttpCode(200)
  @RouteConfig({ bodyLimit: BULK_BODY_BYTES_MAX })
  @BulkOperation({
    id: 'bulkPorts',
    summary: 'Create, change and delete up to 2000 ports at once, all or none',
    description:
      'Errors name the item: /create/17/portGroupId. Deletions come first, then changes, then creations.',
    of: BulkPortsResultDto,
  })
  bulk(@Body() request: BulkPortsDto, @Write() write: WriteRequest): Promise<Written<BulkPortsResultDto>> {
    return this.ports.bulk(request, write);
  }

  @Get(':id')
  @GetOperation({ id: 'getPort', summary: 'Read a port with its status', of: PortDto })
  get(@Param('id', IdPipe) id: string): Promise<PortDto> {
    return this.ports.get(id);
  }

  @Patch(':id')
  @PatchOperation({ id: 'updatePort', summary: 'Change a port', of: PortDto, body: PatchPortDto })
  update(
    @Param('id', IdPipe) id: string,
    @Body() patch: object,
    @Write() write: WriteRequest,
  ): Promise<Written<PortDto>> {
    return this.ports.update(id, patch, write);
  }

  @Delete(':id')
  @DeleteOperation({ id: 'deletePort', summary: 'Delete a port; its virtual machine loses the network' })
  delete(@Param('id', IdPipe) id: string, @Write() write: WriteRequest): Promise<Written<never>> {
    return this.ports.delete(id, write);
  }
}
