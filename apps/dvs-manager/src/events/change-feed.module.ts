import { type BeforeApplicationShutdown, Global, Injectable, Logger, Module } from '@nestjs/common';
import { Publisher } from '../publishing/publisher';
import { ChangeFeed } from './change-feed';
import { PostgresChangeSource } from './change-source';

@Injectable()
class ChangeFeedEnd implements BeforeApplicationShutdown {
  constructor(private readonly feed: ChangeFeed) {}

  beforeApplicationShutdown(): void {
    this.feed.stop();
  }
}

/** Committed changes of all managers, as they happen. */
@Global()
@Module({
  providers: [
    PostgresChangeSource,
    {
      provide: ChangeFeed,
      inject: [PostgresChangeSource, Publisher],
      useFactory: async (source: PostgresChangeSource, publisher: Publisher) => {
        const feed = new ChangeFeed(source, new Logger('Changes'));
        await feed.start();
        publisher.onCommitAnywhere((revision) => feed.poke(revision));
        return feed;
      },
    },
    ChangeFeedEnd,
  ],
  exports: [ChangeFeed, PostgresChangeSource],
})
export class ChangeFeedModule {}
