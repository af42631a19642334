/** One transaction of deletions, changes and creations, in this order: so a name that is given up can be taken in the same request. */
import type { ChangeTransaction } from '../changes/change-transaction';
import { type FieldError, bodyError, invalid } from '../problems/problem';
import type { HostCapabilities } from '../reports/host-capabilities.service';
import { checkPrecondition, itemPrecondition } from '../writing/preconditions';
import { BULK_ITEMS_MAX, type BulkPortsDto, type DeletePortItem } from './bulk-ports.dto';
import { recordPortDeletion } from './port-changes';
import { type CreatedPort, createPorts } from './port-creation';
import { lockPorts, updatePorts } from './port-update';

export async function applyBulk(
  tx: ChangeTransaction,
  request: BulkPortsDto,
  capabilities: Pick<HostCapabilities, 'of'>,
): Promise<{ created: CreatedPort[]; updated: CreatedPort[]; deleted: string[] }> {
  checkItems(request);
  await deletePorts(tx, request.delete);
  await tx.em.flush();
  const updates = request.update.map(({ id, ifMatch, changes }, index) => ({
    id,
    ifMatch: itemPrecondition(ifMatch),
    patch: changes,
    path: `/update/${index}`,
  }));
  const updated = await updatePorts(tx, updates);
  await tx.em.flush();
  const requests = request.create.map((settings, index) => ({ settings, path: `/create/${index}` }));
  const created = await createPorts(tx, requests, capabilities);
  return { created, updated, deleted: request.delete.map(({ id }) => id) };
}

function checkItems(request: BulkPortsDto): void {
  const count = request.create.length + request.update.length + request.delete.length;
  if (count === 0 || count > BULK_ITEMS_MAX) {
    throw invalid([
      bodyError(
        '',
        `must have 1 to ${BULK_ITEMS_MAX} items in create, update and delete together; got ${count}`,
      ),
    ]);
  }
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const list of ['update', 'delete'] as const) {
    for (const [index, { id }] of request[list].entries()) {
      if (seen.has(id)) errors.push(bodyError(`/${list}/${index}/id`, 'the port is in the request twice'));
      seen.add(id);
    }
  }
  if (errors.length > 0) throw invalid(errors.slice(0, 50));
}

async function deletePorts(tx: ChangeTransaction, items: DeletePortItem[]): Promise<void> {
  if (items.length === 0) return;
  const wanted = items.map(({ id, ifMatch }, index) => ({
    id,
    ifMatch: itemPrecondition(ifMatch),
    path: `/delete/${index}`,
  }));
  const rows = await lockPorts(tx, wanted);
  for (const { id, ifMatch, path } of wanted) {
    const row = rows.get(id)!;
    checkPrecondition(ifMatch, row.version, `${path} port ${row.name}`);
    tx.em.remove(row);
    recordPortDeletion(tx, row);
  }
}
