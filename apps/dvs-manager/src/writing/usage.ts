import type { EntityName, FilterQuery } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { ProblemError } from '../problems/problem';

const SHOWN_MAX = 20;

/** Objects of one kind that stand in the way. */
export interface Users {
  kind: 'switch' | 'host' | 'uplink-group' | 'port-group' | 'port';
  count: number;
  items: { id: string; name: string }[];
}

/** Finds who uses an object: how many, and the first twenty by name. */
export async function findUsers<Row extends { id: string; name: string }>(
  em: EntityManager,
  kind: Users['kind'],
  entity: EntityName<Row>,
  where: FilterQuery<Row>,
): Promise<Users> {
  const count = await em.count<Row>(entity, where);
  const rows =
    count === 0
      ? []
      : await em.find<Row>(entity, where, { orderBy: { name: 'asc' } as never, limit: SHOWN_MAX });
  return { kind, count, items: rows.map(({ id, name }) => ({ id, name })) };
}

/** @throws ProblemError (409 in-use) listing the users, when there are any; `refusal`: what can't be done, `remedy`: what to do first */
export function refuseIfUsed(users: Users[], refusal: string, remedy: string): void {
  const using = users.filter(({ count }) => count > 0);
  if (using.length === 0) return;
  const counts = using.map(
    ({ kind, count, items }) => `${count} ${kind}${count === 1 ? '' : 's'} (${names(items, count)})`,
  );
  throw new ProblemError('in-use', `${refusal}: used by ${counts.join(', ')}; ${remedy}`, {
    members: { usedBy: using },
  });
}

function names(items: Users['items'], count: number): string {
  const shown = items.slice(0, 3).map(({ name }) => name);
  return shown.join(', ') + (count > shown.length ? ', …' : '');
}
