import { Global, Module } from '@nestjs/common';
import { ChangesController } from './changes.controller';
import { ChangeTransactions } from './change-transactions.service';
import { Commits } from './commits.service';
import { DesiredEntries } from './desired-entries.service';
import { Revisions } from './revisions.service';
import { Store } from './store.service';

/** What every feature that changes something needs: transactions with revision, history and outbox. */
@Global()
@Module({
  controllers: [ChangesController],
  providers: [ChangeTransactions, Commits, DesiredEntries, Revisions, Store],
  exports: [ChangeTransactions, Commits, DesiredEntries, Revisions, Store],
})
export class ChangesModule {}
