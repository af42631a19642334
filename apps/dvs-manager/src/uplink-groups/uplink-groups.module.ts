import { Module } from '@nestjs/common';
import { UplinkGroupsController } from './uplink-groups.controller';
import { UplinkGroupsService } from './uplink-groups.service';

@Module({ controllers: [UplinkGroupsController], providers: [UplinkGroupsService] })
export class UplinkGroupsModule {}
