import { Injectable } from '@nestjs/common';

/** Tells listeners of this process that changes were committed, so that the outbox need not be polled. */
@Injectable()
export class Commits {
  private readonly listeners = new Set<(lastRevision: number) => void>();

  /** `listener` must not throw and must return at once. @returns a function that ends the subscription */
  subscribe(listener: (lastRevision: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  announce(lastRevision: number): void {
    for (const listener of this.listeners) listener(lastRevision);
  }
}
