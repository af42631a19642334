/**
 * A POST that is repeated with the same Idempotency-Key is carried out once. Its answer is stored in the transaction of the change, so
 * either both exist or neither. Answers that changed nothing (errors) are not stored: the request may be tried again.
 */
import { createHash } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { ProblemError } from '../problems/problem';
import type { StoredAnswer } from './written';

export const IDEMPOTENCY_KEY_HOURS = 24;
/** How many expired keys one request clears away. */
const CLEARED_AT_ONCE = 100;

export interface IdempotentRequest {
  actor: string;
  key: string;
  requestHash: string;
}

/**
 * Takes the key for this transaction, or finds what it was answered before.
 * @throws ProblemError when the same request is under way, or the key was used for another one
 */
export async function claimKey(em: EntityManager, request: IdempotentRequest): Promise<StoredAnswer | null> {
  const { actor, key, requestHash } = request;
  const [lock] = await em.execute<{ free: boolean }[]>(
    'select pg_try_advisory_xact_lock(?::bigint) as free',
    [lockNumber(actor, key)],
  );
  if (!lock?.free) {
    throw new ProblemError(
      'request-in-flight',
      `a request with Idempotency-Key ${key} is being worked on; repeat it in a moment`,
      {
        headers: { 'retry-after': '1' },
      },
    );
  }
  const [known] = await em.execute<{ request_hash: string; answer: StoredAnswer }[]>(
    `select request_hash, answer from idempotency_keys where actor = ? and key = ? and created_at > now() - ?::interval`,
    [actor, key, `${IDEMPOTENCY_KEY_HOURS} hours`],
  );
  if (!known) return null;
  if (known.request_hash !== requestHash) {
    throw new ProblemError(
      'idempotency-key-reused',
      `Idempotency-Key ${key} was used for a different request; use a new one`,
    );
  }
  return known.answer;
}

export async function storeAnswer(
  em: EntityManager,
  request: IdempotentRequest,
  answer: StoredAnswer,
): Promise<void> {
  await em.execute(
    `insert into idempotency_keys (actor, key, request_hash, answer, created_at) values (?, ?, ?, ?::jsonb, now())
     on conflict (actor, key) do update set request_hash = excluded.request_hash, answer = excluded.answer, created_at = excluded.created_at`,
    [request.actor, request.key, request.requestHash, JSON.stringify(answer)],
  );
}

/** Deletes some of the keys that have expired. */
export async function clearExpiredKeys(em: EntityManager): Promise<void> {
  await em.execute(
    `delete from idempotency_keys where (actor, key) in (
       select actor, key from idempotency_keys where created_at < now() - ?::interval limit ? for update skip locked)`,
    [`${IDEMPOTENCY_KEY_HOURS} hours`, CLEARED_AT_ONCE],
  );
}

/** Of an advisory lock: 64 bits, as PostgreSQL's bigint. */
function lockNumber(actor: string, key: string): string {
  return createHash('sha256').update(`${actor}\n${key}`).digest().readBigInt64BE().toString();
}
