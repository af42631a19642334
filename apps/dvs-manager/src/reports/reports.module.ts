import { Global, Module } from '@nestjs/common';
import { ChangeFeed } from '../events/change-feed';
import { HostCapabilities } from './host-capabilities.service';
import { HostStatuses } from './host-statuses.service';
import { Inventory } from './inventory';
import { PostgresInventorySource } from './inventory-source';
import { LastKnownStore } from './last-known.store';
import { PortStatuses } from './port-statuses.service';
import { ReadModel } from './read-model';
import { ReportsListener } from './reports.listener';

/** What hosts report. Everything is loaded when the application begins to serve. */
@Global()
@Module({
  providers: [
    PostgresInventorySource,
    LastKnownStore,
    {
      provide: Inventory,
      inject: [PostgresInventorySource, ChangeFeed],
      useFactory: async (source: PostgresInventorySource, feed: ChangeFeed) => {
        const inventory = new Inventory(source, feed);
        await inventory.start();
        return inventory;
      },
    },
    {
      provide: ReadModel,
      inject: [Inventory, LastKnownStore],
      useFactory: async (inventory: Inventory, store: LastKnownStore) => {
        const readModel = new ReadModel(inventory);
        readModel.restore(await store.load(), new Date());
        return readModel;
      },
    },
    HostStatuses,
    PortStatuses,
    HostCapabilities,
    ReportsListener,
  ],
  exports: [Inventory, ReadModel, HostStatuses, PortStatuses, HostCapabilities],
})
export class ReportsModule {}
