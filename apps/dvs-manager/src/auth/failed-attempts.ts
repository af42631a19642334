/**
 * Counts failed authentications by address. A valid token always gets in; whoever keeps failing is told to wait, which keeps logs and
 * the database calm. (Guessing is hopeless anyway: a token has 256 random bits.)
 */
export const FAILURES_PER_WINDOW = 20;
const WINDOW_MS = 60_000;
const ADDRESSES_MAX = 10_000;

export class FailedAttempts {
  private readonly windows = new Map<string, { endsAt: number; failures: number }>();

  constructor(private readonly now: () => number = Date.now) {}

  /** @returns seconds to wait when there were too many, else null */
  count(address: string): number | null {
    const now = this.now();
    let window = this.windows.get(address);
    if (!window || window.endsAt <= now) {
      window = { endsAt: now + WINDOW_MS, failures: 0 };
      this.forgetOldest();
      this.windows.delete(address);
      this.windows.set(address, window);
    }
    window.failures += 1;
    return window.failures > FAILURES_PER_WINDOW ? Math.ceil((window.endsAt - now) / 1000) : null;
  }

  private forgetOldest(): void {
    const [oldest] = this.windows.keys();
    if (this.windows.size >= ADDRESSES_MAX && oldest !== undefined) this.windows.delete(oldest);
  }
}
