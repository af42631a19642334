import { Injectable } from '@nestjs/common';
import type { ChangeTransaction } from '../changes/change-transaction';
import { ChangeTransactions } from '../changes/change-transactions.service';
import { claimKey, clearExpiredKeys, storeAnswer } from './idempotency-keys';
import type { WriteRequest } from './write-request';
import { type Outcome, type StoredAnswer, Written } from './written';

/** Carries out a write of the API: one transaction, once per Idempotency-Key. */
@Injectable()
export class Writes {
  constructor(private readonly transactions: ChangeTransactions) {}

  /** `work` may run more than once (see {@link ChangeTransactions.run}). */
  async run<T>(
    write: WriteRequest,
    work: (tx: ChangeTransaction) => Promise<Outcome<T>>,
  ): Promise<Written<T>> {
    const request = write.idempotency && { actor: write.actor, ...write.idempotency };
    const done = await this.transactions.run<{ answer: StoredAnswer<T>; replayed: boolean }>(
      write.actor,
      async (tx) => {
        const known = request && (await claimKey(tx.em, request));
        if (known) return () => ({ answer: known as StoredAnswer<T>, replayed: true });
        const { status, body } = await work(tx);
        return async ({ lastRevision, awaits }) => {
          const answer = { status, body: body(), revision: lastRevision, awaits };
          if (request) {
            await clearExpiredKeys(tx.em);
            await storeAnswer(tx.em, request, answer);
          }
          return { answer, replayed: false };
        };
      },
    );
    return new Written(done.answer, write.wait, done.replayed);
  }
}
