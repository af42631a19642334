/** Events for one consumer: those that came before it looked are kept for it. */
export class EventQueue<T> {
  private readonly waiting: T[] = [];
  private wake: () => void = () => undefined;

  push(event: T): void {
    this.waiting.push(event);
    this.wake();
  }

  /** Ends, without an error, when `signal` is aborted. */
  async *consume(signal: AbortSignal): AsyncGenerator<T> {
    const stop = () => this.wake();
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted) {
        const event = this.waiting.shift();
        if (event !== undefined) yield event;
        else await new Promise<void>((resolve) => (this.wake = resolve));
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}
