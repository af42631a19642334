import { Module } from '@nestjs/common';
import { Authenticator } from './authenticator.service';
import { TokensController } from './tokens.controller';
import { TokensService } from './tokens.service';

@Module({
  controllers: [TokensController],
  providers: [Authenticator, TokensService],
  exports: [Authenticator],
})
export class AuthModule {}
