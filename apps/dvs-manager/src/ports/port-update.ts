/** Changes ports, one or two thousand, each on the version that its request is based on. */
import { isDeepStrictEqual } from 'node:util';
import { LockMode } from '@mikro-orm/core';
import type { ChangeTransaction } from '../changes/change-transaction';
import { readPatch } from '../fields/merge-patch';
import { HostEntity, type HostRow } from '../hosts/host.entity';
import { PortGroupEntity, type PortGroupRow } from '../port-groups/port-group.entity';
import { type FieldError, ProblemError, bodyError, contradiction, notFound } from '../problems/problem';
import { type Precondition, checkPrecondition } from '../writing/preconditions';
import { generateMacAddress } from './mac-address';
import { portChange } from './port-changes';
import { CreatePortDto } from './port.dto';
import { PortEntity, type PortRow } from './port.entity';
import { portSettings, portSnapshot } from './port.mapper';

/** A change to make; `path`: JSON pointer of the item in a bulk request, '' for a request of its own. */
export interface PortUpdate {
  id: string;
  ifMatch: Precondition | null;
  patch: object;
  path: string;
}

/** @returns the ports in the order of the updates */
export async function updatePorts(
  tx: ChangeTransaction,
  updates: PortUpdate[],
): Promise<{ row: PortRow; host: HostRow }[]> {
  if (updates.length === 0) return [];
  const rows = await lockPorts(tx, updates);
  const patched = updates.map((update) => {
    const row = rows.get(update.id)!;
    checkPrecondition(update.ifMatch, row.version, `${update.path} port ${row.name}`.trim());
    const patchPath = update.path && `${update.path}/changes`;
    return {
      row,
      before: portSnapshot(row),
      settings: readPatch(CreatePortDto, portSettings(row), update.patch, patchPath),
      path: patchPath,
    };
  });
  await checkGroups(tx, patched);
  for (const { row, before, settings } of patched) {
    const { portGroupId, name, queues, ringSize, vmId, vmName } = settings;
    // null goes back to the default, which is an address drawn at random
    const macAddress = settings.macAddress?.toLowerCase() ?? generateMacAddress();
    Object.assign(row, { portGroupId, name, macAddress, queues, ringSize, vmId, vmName });
    const change = portChange(row);
    if (isDeepStrictEqual(portSnapshot(row), before)) tx.recordUnchanged(change);
    else {
      row.updatedAt = new Date();
      tx.record({ ...change, action: 'update', before });
    }
  }
  return withHosts(
    tx,
    updates.map(({ id }) => rows.get(id)!),
  );
}

/** Locked in the order of ids, so that two requests can't wait for each other. @throws ProblemError (404) naming the first that is missing */
export async function lockPorts(
  tx: ChangeTransaction,
  wanted: readonly { id: string; path: string }[],
): Promise<Map<string, PortRow>> {
  const rows = await tx.em.find(
    PortEntity,
    { id: { $in: wanted.map(({ id }) => id) } },
    { lockMode: LockMode.PESSIMISTIC_WRITE, orderBy: { id: 'asc' } },
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  const missing = wanted.filter(({ id }) => !byId.has(id));
  const [first] = missing;
  if (!first) return byId;
  if (first.path === '') throw notFound('port', first.id);
  throw new ProblemError('not-found', `${first.path}: there is no port ${first.id}`, {
    errors: missing.slice(0, 50).map(({ id, path }) => bodyError(`${path}/id`, `there is no port ${id}`)),
  });
}

/** A port may move to another group of its own switch. */
async function checkGroups(
  tx: ChangeTransaction,
  patched: { row: PortRow; settings: CreatePortDto; path: string }[],
): Promise<void> {
  const moved = patched.filter(({ row, settings }) => settings.portGroupId !== row.portGroupId);
  if (moved.length === 0) return;
  const groups = await tx.em.find(PortGroupEntity, {
    id: { $in: moved.map(({ settings }) => settings.portGroupId) },
  });
  const byId = new Map<string, PortGroupRow>(groups.map((group) => [group.id, group]));
  const errors: FieldError[] = moved.flatMap(({ row, settings, path }) => {
    const group = byId.get(settings.portGroupId);
    if (!group) return [bodyError(`${path}/portGroupId`, `there is no port group ${settings.portGroupId}`)];
    if (group.switchId === row.switchId) return [];
    return [
      bodyError(
        `${path}/portGroupId`,
        `port group ${group.name} belongs to another switch; a port stays in its switch`,
      ),
    ];
  });
  if (errors.length > 0) throw contradiction('invalid-reference', errors.slice(0, 50));
}

async function withHosts(tx: ChangeTransaction, rows: PortRow[]): Promise<{ row: PortRow; host: HostRow }[]> {
  const hosts = await tx.em.find(HostEntity, { id: { $in: [...new Set(rows.map(({ hostId }) => hostId))] } });
  const byId = new Map(hosts.map((host) => [host.id, host]));
  return rows.map((row) => ({ row, host: byId.get(row.hostId)! }));
}
