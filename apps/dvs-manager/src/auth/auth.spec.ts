import { FAILURES_PER_WINDOW, FailedAttempts } from './failed-attempts';
import { mintToken, readToken, sameHash } from './token-secret';

describe('a token', () => {
  it('is found by its id and proven by the hash of its secret', () => {
    const minted = mintToken();
    const read = readToken(minted.text)!;
    expect(read.id).toBe(minted.id);
    expect(sameHash(read.secretHash, minted.secretHash)).toBe(true);
    expect(minted.text).not.toContain(minted.secretHash.toString('hex'));
  });

  it('is another one with any character of the secret changed', () => {
    const minted = mintToken();
    const last = minted.text.at(-5) === 'A' ? 'B' : 'A';
    const other = readToken(minted.text.slice(0, -5) + last + minted.text.slice(-4))!;
    expect(sameHash(other.secretHash, minted.secretHash)).toBe(false);
  });

  it.each([
    '',
    'odvs_',
    'odvs_x_y',
    `odvs_${'0'.repeat(32)}_short`,
    ` odvs_${'0'.repeat(32)}_${'a'.repeat(43)}`,
  ])('is not %j', (text) => {
    expect(readToken(text)).toBeNull();
  });
});

describe('failed attempts', () => {
  it('are told to wait after too many within a minute, each address by itself', () => {
    let now = 0;
    const attempts = new FailedAttempts(() => now);
    for (let i = 0; i < FAILURES_PER_WINDOW; i += 1) expect(attempts.count('a')).toBeNull();
    expect(attempts.count('a')).toBe(60);
    expect(attempts.count('b')).toBeNull();
    now = 30_500;
    expect(attempts.count('a')).toBe(30);
    now = 60_000;
    expect(attempts.count('a')).toBeNull();
  });
});
