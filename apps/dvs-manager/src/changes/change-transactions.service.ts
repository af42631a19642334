import { DeadlockException, EntityManager, LockWaitTimeoutException } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { type AwaitedEffect, ChangeTransaction } from './change-transaction';
import { Commits } from './commits.service';

/** PostgreSQL gives up one of two transactions that wait for each other; it may simply be run again. */
const ATTEMPTS = 3;

/** What a transaction did: the last revision it took (null: it changed nothing) and whose acknowledgement means "applied". */
export interface Conclusion {
  lastRevision: number | null;
  awaits: AwaitedEffect[];
}

/** Makes the answer once the revisions are known; still inside the transaction. */
export type Answerer<T> = (conclusion: Conclusion, tx: ChangeTransaction) => T | Promise<T>;

/** Runs transactions of changes. Every write of the API goes through here. */
@Injectable()
export class ChangeTransactions {
  constructor(
    private readonly em: EntityManager,
    private readonly commits: Commits,
  ) {}

  /**
   * All or nothing. `work` alters rows and records changes; it may run more than once, so it must not act outside the database.
   * What it returns is called to make the answer.
   */
  async run<T>(actor: string, work: (tx: ChangeTransaction) => Promise<Answerer<T>>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { answer, lastRevision } = await this.runOnce(actor, work);
        if (lastRevision !== null) this.commits.announce(lastRevision);
        return answer;
      } catch (error) {
        const again = error instanceof DeadlockException || error instanceof LockWaitTimeoutException;
        if (!again || attempt === ATTEMPTS) throw error;
      }
    }
  }

  private runOnce<T>(actor: string, work: (tx: ChangeTransaction) => Promise<Answerer<T>>) {
    return this.em.getConnection().transactional(async (context) => {
      const em = this.em.fork({ clear: true, useContext: false });
      em.setTransactionContext(context);
      const tx = new ChangeTransaction(em, actor);
      const answerer = await work(tx);
      const conclusion = await tx.conclude();
      return { answer: await answerer(conclusion, tx), lastRevision: conclusion.lastRevision };
    });
  }
}
