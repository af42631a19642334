import { type Host, interfaceName, vhostSocketPath } from '@opendvs/model';
import { managedFields } from '../fields/read-only-field';
import type { ReportedPortStatus } from '../reports/host-status';
import type { CreatePortDto, PortDto, PortStatusDto } from './port.dto';
import type { PortRow } from './port.entity';

/** What people set of a port, as answers show it. */
export function portSettings(row: PortRow): CreatePortDto & { macAddress: string } {
  const { portGroupId, hostId, name, macAddress, queues, ringSize, vmId, vmName } = row;
  return {
    portGroupId,
    hostId,
    name,
    macAddress,
    queues,
    ringSize,
    vmId: vmId ?? null,
    vmName: vmName ?? null,
  };
}

/** What history keeps of a port. */
export function portSnapshot(row: PortRow) {
  return { ...managedFields(row), ...portSettings(row), switchId: row.switchId, number: row.number };
}

export function portDto(
  row: PortRow,
  host: Pick<Host, 'vhostSocketDir'>,
  reported: ReportedPortStatus | undefined,
): PortDto {
  return {
    ...portSnapshot(row),
    socketPath: vhostSocketPath(host.vhostSocketDir, row.id),
    interfaceName: interfaceName(row.id),
    status: portStatusDto(reported, row.createdAt.toISOString()),
  };
}

/** Pending, since it was created, until the host tells of it. */
export function portStatusDto(reported: ReportedPortStatus | undefined, createdAt: string): PortStatusDto {
  if (!reported)
    return { state: 'pending', reason: null, since: createdAt, appliedRevision: 0, stale: false };
  const { state, reason, since, appliedRevision, stale } = reported;
  return { state, reason, since, appliedRevision, stale };
}
