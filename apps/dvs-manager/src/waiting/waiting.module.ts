import { Global, Module } from '@nestjs/common';
import { AppliedWaiter } from './applied-waiter.service';

@Global()
@Module({ providers: [AppliedWaiter], exports: [AppliedWaiter] })
export class WaitingModule {}
