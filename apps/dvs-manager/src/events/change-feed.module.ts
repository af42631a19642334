import { Global, Logger, Module } from '@nestjs/common';
import { Publisher } from '../publishing/publisher';
import { ChangeFeed } from './change-feed';
import { PostgresChangeSource } from './change-source';

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
  ],
  exports: [ChangeFeed, PostgresChangeSource],
})
export class ChangeFeedModule {}
