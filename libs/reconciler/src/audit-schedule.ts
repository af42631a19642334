/**
 * When to read the engine back in full. Routine audits take at most a twentieth of the time, however big the engine; one
 * that something calls for (drift, a failed step) may take a quarter, so that repairs are prompt and a flood of reasons is
 * not a flood of audits; the first one, and that after a restart of the engine, waits for nothing.
 */
export type AuditUrgency = 'routine' | 'prompt' | 'immediate';

/** Rest after an audit, in multiples of the time that it took. */
const REST_AFTER: Record<AuditUrgency, number> = { routine: 19, prompt: 3, immediate: 0 };

export class AuditSchedule {
  private urgency: AuditUrgency = 'immediate';
  private endedAtMs = 0;
  private tookMs = 0;

  constructor(private readonly intervalMs: number) {}

  callFor(urgency: Exclude<AuditUrgency, 'routine'>): void {
    if (this.urgency !== 'immediate') this.urgency = urgency;
  }

  /** In the clock's monotonic milliseconds. */
  dueAtMs(): number {
    const restMs = REST_AFTER[this.urgency] * this.tookMs;
    return this.endedAtMs + (this.urgency === 'routine' ? Math.max(this.intervalMs, restMs) : restMs);
  }

  isDue(nowMs: number): boolean {
    return this.urgency === 'immediate' || nowMs >= this.dueAtMs();
  }

  /** Call when one begins: what calls for another from then on is not answered by it. */
  begun(): void {
    this.urgency = 'routine';
  }

  ended(startedAtMs: number, endedAtMs: number): void {
    this.endedAtMs = endedAtMs;
    this.tookMs = endedAtMs - startedAtMs;
  }
}
