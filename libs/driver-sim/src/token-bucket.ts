/** A token bucket as a meter is one, in the limit of small frames: how much of a steady stream passes in a time. */
export class TokenBucket {
  private tokens: number;

  /** @param rate tokens a second; @param burst how many it holds; it starts full */
  constructor(
    readonly rate: number,
    readonly burst: number,
  ) {
    this.tokens = burst;
  }

  /** `demand` tokens asked for evenly over `seconds`: the share of them that there were tokens for, 0..1. */
  take(demand: number, seconds: number): number {
    const available = this.tokens + this.rate * seconds;
    const granted = Math.min(demand, available);
    this.tokens = Math.min(this.burst, available - granted);
    return demand > 0 ? granted / demand : 1;
  }
}
