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
import { CreateSwitchDto, PatchSwitchDto, SwitchDto, SwitchQuery } from './switch.dto';
import { SwitchesService } from './switches.service';

@ApiTags('switches')
@Controller('switches')
export class SwitchesController {
  constructor(private readonly switches: SwitchesService) {}

  @Get()
  @ListOperation({ id: 'listSwitches', summary: 'List switches', of: SwitchDto })
  list(@Query() query: SwitchQuery, @Req() request: FastifyRequest): Promise<Page<SwitchDto>> {
    return this.switches.list(query, request.url);
  }

  @Post()
  @CreateOperation({ id: 'createSwitch', summary: 'Create a switch', of: SwitchDto })
  create(@Body() settings: CreateSwitchDto, @Write() write: WriteRequest): Promise<Written<SwitchDto>> {
    return this.switches.create(settings, write);
  }

  @Get(':id')
  @GetOperation({ id: 'getSwitch', summary: 'Read a switch', of: SwitchDto })
  get(@Param('id', IdPipe) id: string): Promise<SwitchDto> {
    return this.switches.get(id);
  }

  @Patch(':id')
  @PatchOperation({
    id: 'updateSwitch',
    summary: 'Change a switch',
    of: SwitchDto,
    body: PatchSwitchDto,
    problems: ['in-use'],
  })
  update(
    @Param('id', IdPipe) id: string,
    @Body() patch: object,
    @Write() write: WriteRequest,
  ): Promise<Written<SwitchDto>> {
    return this.switches.update(id, patch, write);
  }

  @Delete(':id')
  @DeleteOperation({ id: 'deleteSwitch', summary: 'Delete a switch that nothing uses' })
  delete(@Param('id', IdPipe) id: string, @Write() write: WriteRequest): Promise<Written<never>> {
    return this.switches.delete(id, write);
  }
}
