import { Controller, Delete, Get, Param, Put, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { IdPipe } from '../fields/dto.pipe';
import { DeleteOperation, EnsureOperation, ListOperation, ReadOperation } from '../openapi/operations';
import type { Page } from '../paging/page';
import { Write, type WriteRequest } from '../writing/write-request';
import type { Written } from '../writing/written';
import { MembershipsService } from './memberships.service';
import { MembershipDto, MembershipQuery } from './switch.dto';

@ApiTags('switches')
@Controller('switches/:switchId/hosts')
export class MembershipsController {
  constructor(private readonly memberships: MembershipsService) {}

  @Get()
  @ListOperation({
    id: 'listSwitchHosts',
    summary: 'List the hosts in a switch',
    of: MembershipDto,
    problems: ['not-found'],
  })
  list(
    @Param('switchId', IdPipe) switchId: string,
    @Query() query: MembershipQuery,
    @Req() request: FastifyRequest,
  ): Promise<Page<MembershipDto>> {
    return this.memberships.list(switchId, query, request.url);
  }

  @Get(':hostId')
  @ReadOperation({
    id: 'getSwitchHost',
    summary: 'Whether a host is in a switch',
    of: MembershipDto,
    problems: ['not-found'],
  })
  get(
    @Param('switchId', IdPipe) switchId: string,
    @Param('hostId', IdPipe) hostId: string,
  ): Promise<MembershipDto> {
    return this.memberships.get(switchId, hostId);
  }

  @Put(':hostId')
  @EnsureOperation({ id: 'addSwitchHost', summary: 'Put a host into a switch', of: MembershipDto })
  add(
    @Param('switchId', IdPipe) switchId: string,
    @Param('hostId', IdPipe) hostId: string,
    @Write() write: WriteRequest,
  ): Promise<Written<MembershipDto>> {
    return this.memberships.add(switchId, hostId, write);
  }

  @Delete(':hostId')
  @DeleteOperation({
    id: 'removeSwitchHost',
    summary: 'Take a host out of a switch; its ports and uplink group there must be gone',
  })
  remove(
    @Param('switchId', IdPipe) switchId: string,
    @Param('hostId', IdPipe) hostId: string,
    @Write() write: WriteRequest,
  ): Promise<Written<never>> {
    return this.memberships.remove(switchId, hostId, write);
  }
}
