/** A host's record on the bus holds its memberships and uplink groups too, so a change of any of these publishes the record. */
import { LockMode } from '@mikro-orm/core';
import type { ChangeTransaction, PendingChange, RevisionedRow } from '../changes/change-transaction';
import { type HostParts, hostEntry } from '../changes/desired-entry';
import { loadHostParts } from '../changes/host-parts';
import { notFound } from '../problems/problem';
import { HostEntity, type HostRow } from './host.entity';

/** Waits for whoever changes the host or its parts; null when there is no such host. */
export function findHostForUpdate(tx: ChangeTransaction, id: string): Promise<HostRow | null> {
  return tx.em.findOne(HostEntity, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
}

/** The same, for a host that must exist. @throws ProblemError (404) */
export async function lockHost(tx: ChangeTransaction, id: string): Promise<HostRow> {
  const row = await findHostForUpdate(tx, id);
  if (!row) throw notFound('host', id);
  return row;
}

/**
 * What the bus and waiters learn of a change of a host or of one of its parts. Reads the parts: all that changes in them
 * must have been flushed, and the host be locked.
 */
export async function hostRecordChange(
  tx: ChangeTransaction,
  host: HostRow,
  part: RevisionedRow | null,
): Promise<Pick<PendingChange, 'rows' | 'publish' | 'concern'>> {
  await tx.em.flush();
  const parts: HostParts = (await loadHostParts(tx.em, [host.id]))(host.id);
  return {
    rows: [{ table: 'hosts', row: host }, ...(part ? [part] : [])],
    publish: () => hostEntry(host, parts),
    concern: { scope: 'host', hostIds: [host.id], portIds: [] },
  };
}
