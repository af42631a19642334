import { Module } from '@nestjs/common';
import { LibvirtController } from './libvirt.controller';
import { PortInterfaces } from './port-interface.service';

@Module({ controllers: [LibvirtController], providers: [PortInterfaces] })
export class LibvirtModule {}
