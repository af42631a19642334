import { Global, Module } from '@nestjs/common';
import { EventStreams } from './event-streams.service';
import { EventsController } from './events.controller';

@Global()
@Module({ controllers: [EventsController], providers: [EventStreams], exports: [EventStreams] })
export class EventsModule {}
