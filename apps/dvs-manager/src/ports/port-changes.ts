import { desiredKeys } from '@opendvs/contracts';
import type { ChangeTransaction, PendingChange } from '../changes/change-transaction';
import { portEntry, tombstone } from '../changes/desired-entry';
import type { PortRow } from './port.entity';
import { portSnapshot } from './port.mapper';

/** What a change of a port means to history, bus and waiters. */
export function portChange(row: PortRow): Omit<PendingChange, 'action' | 'before'> {
  return {
    kind: 'port',
    objectId: row.id,
    objectName: row.name,
    after: () => portSnapshot(row),
    rows: [{ table: 'ports', row }],
    publish: () => portEntry(row),
    concern: { scope: 'host', hostIds: [row.hostId], portIds: [row.id] },
  };
}

export function recordPortDeletion(tx: ChangeTransaction, row: PortRow): void {
  tx.record({
    ...portChange(row),
    action: 'delete',
    before: portSnapshot(row),
    after: null,
    rows: [],
    publish: (revision) => tombstone('port', desiredKeys.port(row.hostId, row.id), revision),
    concern: { scope: 'host', hostIds: [row.hostId], portIds: [] },
  });
}
