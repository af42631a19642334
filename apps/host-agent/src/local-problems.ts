/** What is wrong on this host besides the engine's objects: told in the heartbeat until it is put right. */
export interface LocalProblem {
  /** What has the problem: `vhost-socket-dir`, `disk-copy`, `bus:<key>` … */
  object: string;
  /** What is wrong, where, and what to do. */
  message: string;
}

export class LocalProblems {
  private readonly messages = new Map<string, string>();
  private readonly listeners = new Set<() => void>();

  /**
   * @param message null: it is right again
   * @returns whether that is news
   */
  set(object: string, message: string | null): boolean {
    if ((this.messages.get(object) ?? null) === message) return false;
    if (message === null) this.messages.delete(object);
    else this.messages.set(object, message);
    for (const listener of this.listeners) listener();
    return true;
  }

  all(): LocalProblem[] {
    return [...this.messages].map(([object, message]) => ({ object, message }));
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }
}
