import type { TokenRow } from './token.entity';

/** What answers and history show of a token: never anything of its secret. */
export function tokenSnapshot(row: TokenRow) {
  return { id: row.id, name: row.name, createdAt: row.createdAt.toISOString(), createdBy: row.createdBy };
}
