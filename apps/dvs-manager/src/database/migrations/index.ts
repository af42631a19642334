import type { MigrationObject } from '@mikro-orm/core';
import { Migration0001Initial } from './0001-initial.migration';

/** In the order they run. Named here, not found by scanning a folder: works from dist/ as from source. */
export const migrations: MigrationObject[] = [{ name: '0001-initial', class: Migration0001Initial }];
