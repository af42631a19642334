import type { MigrationObject } from '@mikro-orm/core';
import { MigrationCommitNotice } from '../../publishing/commit-notice.migration';
import { MigrationLastKnown } from '../../reports/last-known.migration';
import { MigrationPortMinutes } from '../../stats/port-minutes.migration';
import { Migration0001Initial } from './0001-initial.migration';

/** In the order they run. Named here, not found by scanning a folder: works from dist/ as from source. */
export const migrations: MigrationObject[] = [
  { name: '0001-initial', class: Migration0001Initial },
  { name: '0002-commit-notice', class: MigrationCommitNotice },
  { name: '0003-last-known', class: MigrationLastKnown },
  { name: '0004-port-minutes', class: MigrationPortMinutes },
];
