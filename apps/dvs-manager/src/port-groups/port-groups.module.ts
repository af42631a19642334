import { Module } from '@nestjs/common';
import { PortGroupsController } from './port-groups.controller';
import { PortGroupsService } from './port-groups.service';

@Module({ controllers: [PortGroupsController], providers: [PortGroupsService] })
export class PortGroupsModule {}
