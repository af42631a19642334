import type { PendingChange } from '../changes/change-transaction';
import { portGroupEntry } from '../changes/desired-entry';
import type { PortGroupRow } from './port-group.entity';
import { portGroupSnapshot } from './port-group.mapper';

/** What a change of a port group means to history, bus and waiters. */
export function portGroupChange(
  row: PortGroupRow,
  hostIds: string[],
  portIds: string[],
): Omit<PendingChange, 'action' | 'before'> {
  return {
    kind: 'port-group',
    objectId: row.id,
    objectName: row.name,
    after: () => portGroupSnapshot(row),
    rows: [{ table: 'port_groups', row }],
    publish: () => portGroupEntry(row),
    concern: { scope: 'shared', hostIds, portIds },
  };
}
