import type { PendingChange } from '../changes/change-transaction';
import { switchEntry } from '../changes/desired-entry';
import type { SwitchRow } from './switch.entity';
import { switchDto } from './switch.mapper';

/** What a change of a switch means to history, bus and waiters. */
export function switchChange(row: SwitchRow, hostIds: string[]): Omit<PendingChange, 'action' | 'before'> {
  return {
    kind: 'switch',
    objectId: row.id,
    objectName: row.name,
    after: () => switchDto(row),
    rows: [{ table: 'switches', row }],
    publish: () => switchEntry(row),
    concern: { scope: 'shared', hostIds, portIds: [] },
  };
}
