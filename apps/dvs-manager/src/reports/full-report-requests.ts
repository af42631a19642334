/** Asks hosts to report everything: one request a host at a time, at most one a second. What fails is asked again with the next heartbeat. */
const INTERVAL_MS = 1000;

export class FullReportRequests {
  private readonly askedAtMs = new Map<string, number>();
  private readonly underWay = new Set<string>();

  constructor(
    private readonly ask: (hostId: string) => Promise<unknown>,
    private readonly logger: { debug(message: string): void },
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  request(hostId: string): void {
    const now = this.nowMs();
    if (this.underWay.has(hostId) || now - (this.askedAtMs.get(hostId) ?? -Infinity) < INTERVAL_MS) return;
    this.askedAtMs.set(hostId, now);
    this.underWay.add(hostId);
    this.ask(hostId)
      .catch((error: Error) =>
        this.logger.debug(`host ${hostId} did not send a full report: ${error.message}`),
      )
      .finally(() => this.underWay.delete(hostId));
  }
}
