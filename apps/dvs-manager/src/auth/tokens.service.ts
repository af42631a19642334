import { EntityManager } from '@mikro-orm/postgresql';
import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import type { PendingChange } from '../changes/change-transaction';
import { type Page, findPage } from '../paging/page';
import { ProblemError, bodyError, invalid, notFound } from '../problems/problem';
import type { WriteRequest } from '../writing/write-request';
import { type Written, created, deleted } from '../writing/written';
import { Writes } from '../writing/writes.service';
import { Authenticator } from './authenticator.service';
import { mintToken } from './token-secret';
import { tokenSnapshot } from './token-snapshot';
import type { CreateTokenDto, NewTokenDto, TokenDto, TokenQuery } from './token.dto';
import { TokenEntity, type TokenRow } from './token.entity';

@Injectable()
export class TokensService {
  constructor(
    private readonly em: EntityManager,
    private readonly writes: Writes,
    private readonly authenticator: Authenticator,
  ) {}

  async list(query: TokenQuery, url: string): Promise<Page<TokenDto>> {
    const page = await findPage(this.em.fork(), TokenEntity, {
      where: {},
      request: query,
      tieBreak: ['id'],
      url,
    });
    return { ...page, items: page.items.map(tokenSnapshot) };
  }

  /** No Idempotency-Key: a stored answer would keep the secret. */
  create({ name }: CreateTokenDto, write: WriteRequest): Promise<Written<NewTokenDto>> {
    if (name.startsWith('system:'))
      throw invalid([bodyError('/name', 'must not begin with "system:", which is the manager itself')]);
    if (write.idempotency) {
      throw invalid([
        {
          in: 'header',
          field: 'Idempotency-Key',
          reason: 'is not accepted here: answers with secrets are not stored',
        },
      ]);
    }
    return this.writes.run(write, async (tx) => {
      const { id, text, secretHash } = mintToken();
      const row = tx.em.create(TokenEntity, {
        id,
        name,
        secretHash,
        createdAt: new Date(),
        createdBy: tx.actor,
      });
      tx.em.persist(row);
      tx.record({ ...tokenChange(row), action: 'create', before: null, after: () => tokenSnapshot(row) });
      return created(() => ({ ...tokenSnapshot(row), token: text }));
    });
  }

  /** The last token can't be revoked: nobody could get in any more. */
  async revoke(id: string, write: WriteRequest): Promise<Written<never>> {
    const written = await this.writes.run<never>(write, async (tx) => {
      const rows = await tx.em.find(
        TokenEntity,
        {},
        { lockMode: LockMode.PESSIMISTIC_WRITE, orderBy: { id: 'asc' } },
      );
      const row = rows.find((token) => token.id === id);
      if (!row) throw notFound('token', id);
      if (rows.length === 1) {
        throw new ProblemError(
          'in-use',
          `token ${row.name} is the only one left; create another before you revoke it`,
        );
      }
      tx.em.remove(row);
      tx.record({ ...tokenChange(row), action: 'delete', before: tokenSnapshot(row), after: null });
      return deleted;
    });
    this.authenticator.forget(id);
    return written;
  }
}

/** Tokens are nothing to the hosts. */
function tokenChange(row: TokenRow): Omit<PendingChange, 'action' | 'before' | 'after'> {
  return { kind: 'token', objectId: row.id, objectName: row.name, rows: [], publish: null, concern: null };
}
