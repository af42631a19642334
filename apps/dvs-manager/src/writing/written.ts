import type { AwaitedEffect } from '../changes/change-transaction';

/** Fields that answers of a write share; `version` becomes the ETag, `id` the Location of something created. */
export interface WrittenBody {
  id?: string;
  version?: number;
}

/** What a write has done, as data: an Idempotency-Key keeps it. */
export interface StoredAnswer<T = unknown> {
  status: 200 | 201 | 204;
  body: T | null;
  /** Of the last change; null when nothing had to change. */
  revision: number | null;
  awaits: AwaitedEffect[];
}

/** Returned by controllers; the {@link WriteInterceptor} makes an HTTP answer of it. */
export class Written<T = unknown> {
  constructor(
    readonly answer: StoredAnswer<T>,
    readonly wait: { timeoutMs: number } | null,
    /** The answer of an earlier request with the same Idempotency-Key. */
    readonly replayed: boolean,
    /** Puts what hosts report by now into the body; called last of all. */
    readonly refresh: (body: T) => T = (body) => body,
  ) {}

  refreshedBy(refresh: (body: T) => T): Written<T> {
    return new Written(this.answer, this.wait, this.replayed, refresh);
  }
}

/** What a service's work comes to. `body` is called when revisions are known. */
export interface Outcome<T> {
  status: 200 | 201 | 204;
  body: () => T | null;
}

export const created = <T>(body: () => T): Outcome<T> => ({ status: 201, body });
export const changed = <T>(body: () => T): Outcome<T> => ({ status: 200, body });
export const deleted: Outcome<never> = { status: 204, body: () => null };
