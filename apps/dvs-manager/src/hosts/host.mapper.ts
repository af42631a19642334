import { managedFields } from '../fields/read-only-field';
import type { HostStatus } from '../reports/host-status';
import type { CreateHostDto, HostDto, HostStatusDto } from './host.dto';
import type { HostRow } from './host.entity';

/** What people set of a host, as answers show it. */
export function hostSettings({ id, name, engine, vhostSocketDir }: HostRow): CreateHostDto {
  return { id, name, engine, vhostSocketDir };
}

/** What history keeps of a host. */
export function hostSnapshot(row: HostRow) {
  return { ...managedFields(row), ...hostSettings(row), id: row.id };
}

export function hostDto(row: HostRow, switchIds: readonly string[], status: HostStatus): HostDto {
  return { ...hostSnapshot(row), switchIds: [...switchIds], status: hostStatusDto(status) };
}

function hostStatusDto({ hostId: _hostId, since, lastSeenAt, ...status }: HostStatus): HostStatusDto {
  return { ...status, since: since.toISOString(), lastSeenAt: lastSeenAt?.toISOString() ?? null };
}
