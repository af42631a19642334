import { Module } from '@nestjs/common';
import { MembershipsController } from './memberships.controller';
import { MembershipsService } from './memberships.service';
import { SwitchesController } from './switches.controller';
import { SwitchesService } from './switches.service';

@Module({
  controllers: [SwitchesController, MembershipsController],
  providers: [SwitchesService, MembershipsService],
})
export class SwitchesModule {}
