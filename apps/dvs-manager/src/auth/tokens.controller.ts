import { Body, Controller, Delete, Get, Param, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { IdPipe } from '../fields/dto.pipe';
import { CreateOperation, DeleteOperation, ListOperation } from '../openapi/operations';
import type { Page } from '../paging/page';
import { Write, type WriteRequest } from '../writing/write-request';
import type { Written } from '../writing/written';
import { CreateTokenDto, NewTokenDto, TokenDto, TokenQuery } from './token.dto';
import { TokensService } from './tokens.service';

/** Every token is an administrator's for now. */
@ApiTags('tokens')
@Controller('tokens')
export class TokensController {
  constructor(private readonly tokens: TokensService) {}

  @Get()
  @ListOperation({ id: 'listTokens', summary: 'List tokens, without their secrets', of: TokenDto })
  list(@Query() query: TokenQuery, @Req() request: FastifyRequest): Promise<Page<TokenDto>> {
    return this.tokens.list(query, request.url);
  }

  @Post()
  @CreateOperation({
    id: 'createToken',
    summary: 'Create a token; the answer shows it, this once',
    of: NewTokenDto,
  })
  create(@Body() settings: CreateTokenDto, @Write() write: WriteRequest): Promise<Written<NewTokenDto>> {
    return this.tokens.create(settings, write);
  }

  @Delete(':id')
  @DeleteOperation({ id: 'revokeToken', summary: 'Revoke a token; other managers follow within 5 seconds' })
  revoke(@Param('id', IdPipe) id: string, @Write() write: WriteRequest): Promise<Written<never>> {
    return this.tokens.revoke(id, write);
  }
}
