/** Those who have asked for a plan and wait for their turn between two rounds. */
import type { Plan } from './plan';

interface PlanRequest<S> {
  resolve: (plan: Plan<S>) => void;
  reject: (error: Error) => void;
}

export class NoDesiredStateError extends Error {
  override readonly name = 'NoDesiredStateError';
}

export class PlanRequests<S = unknown> {
  private waiting: PlanRequest<S>[] = [];
  private closedBecause: Error | null = null;

  add(): Promise<Plan<S>> {
    if (this.closedBecause) return Promise.reject(this.closedBecause);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** One plan for all who wait now. @throws what `makePlan` throws, after everybody who waits has got it too */
  async answer(makePlan: () => Promise<Plan<S>>): Promise<void> {
    if (this.waiting.length === 0) return;
    const answered = this.waiting;
    this.waiting = [];
    try {
      const plan = await makePlan();
      for (const { resolve } of answered) resolve(plan);
    } catch (error) {
      this.waiting.unshift(...answered);
      this.refuse(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  /** Nobody will be answered any more. */
  close(error: Error): void {
    this.closedBecause = error;
    this.refuse(error);
  }

  refuse(error: Error): void {
    const refused = this.waiting;
    this.waiting = [];
    for (const { reject } of refused) reject(error);
  }
}
