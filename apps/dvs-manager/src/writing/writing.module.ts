import { Global, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { EtagInterceptor } from './etag.interceptor';
import { WriteInterceptor } from './write.interceptor';
import { Writes } from './writes.service';

@Global()
@Module({
  providers: [
    Writes,
    { provide: APP_INTERCEPTOR, useClass: WriteInterceptor },
    { provide: APP_INTERCEPTOR, useClass: EtagInterceptor },
  ],
  exports: [Writes],
})
export class WritingModule {}
