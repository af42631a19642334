import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';

/**
 * A bearer token: `odvs_`, the id of its row (32 hex digits), `_` and a secret of 256 random bits. Only the hash of the secret is kept,
 * so a token can be shown once, at creation, and never again.
 */
export interface MintedToken {
  id: string;
  /** What the user sends. A secret. */
  text: string;
  secretHash: Buffer;
}

export function mintToken(): MintedToken {
  const id = randomUUID();
  const secret = randomBytes(32).toString('base64url');
  return { id, text: `odvs_${id.replaceAll('-', '')}_${secret}`, secretHash: hashSecret(secret) };
}

/** null: does not have the form of a token. */
export function readToken(text: string): { id: string; secretHash: Buffer } | null {
  const match =
    /^odvs_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/.exec(
      text,
    );
  if (!match) return null;
  const [, a, b, c, d, e, secret = ''] = match;
  return { id: `${a}-${b}-${c}-${d}-${e}`, secretHash: hashSecret(secret) };
}

/** In a time that doesn't depend on where they differ. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
