/**
 * Optimistic locking (RFC 9110, 13.1): an object's ETag is its version in quotes, a write names the version it is based on with
 * If-Match, and is refused when there is a newer one. The ETag stands for what is configured, not for reported status.
 */
import { ProblemError, invalid } from '../problems/problem';

/** `*`: any version, as long as the object exists. */
export type Precondition = { versions: number[] } | '*';

export function etag(version: number): string {
  return `"${version}"`;
}

/** @throws ProblemError when the header isn't a list of ETags of ours or `*` */
export function readIfMatch(header: string | undefined): Precondition | null {
  if (header === undefined) return null;
  if (header.trim() === '*') return '*';
  const tags = header.split(',').map((tag) => /^\s*(W\/)?"([^"]*)"\s*$/.exec(tag));
  if (tags.some((tag) => tag === null)) {
    throw invalid([
      {
        in: 'header',
        field: 'If-Match',
        reason: 'must be the ETag of an earlier answer, in quotes, such as "3", or *',
      },
    ]);
  }
  // a weak tag never matches in If-Match, and one that isn't a number was never ours
  return { versions: tags.map((tag) => (tag?.[1] ? NaN : Number(tag?.[2]))) };
}

/** @throws ProblemError (412) when the object has another version than was asked for */
export function checkPrecondition(precondition: Precondition | null, version: number, what: string): void {
  if (precondition === null || precondition === '*' || precondition.versions.includes(version)) return;
  throw new ProblemError(
    'precondition-failed',
    `${what} has changed: its ETag is ${etag(version)} now; read it again`,
    {
      headers: { etag: etag(version) },
      members: { currentEtag: etag(version) },
    },
  );
}

/** The same from an item of a bulk request: a version or an ETag of ours (the field's pattern has been checked), or `*`. */
export function itemPrecondition(ifMatch: string | null): Precondition | null {
  if (ifMatch === null || ifMatch === '*') return ifMatch;
  return { versions: [Number(ifMatch.replaceAll('"', ''))] };
}

/** If-None-Match of a GET, compared weakly. */
export function isNotModified(header: string | undefined, version: number): boolean {
  if (header === undefined) return false;
  return (
    header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag(version))
  );
}
