/** Writes down what hosts report, at most once a second, on the manager that publishes: so that the next one to start knows it. */
import type { HostStatus, ReportedPortStatus } from './host-status';
import type { LastKnownStore } from './last-known.store';
import type { ReadModel } from './read-model';

const SAVE_INTERVAL_MS = 1000;
/** Also without a change: for the time of the last sign of life. */
const REFRESH_INTERVAL_MS = 30_000;
const PORTS_A_SAVE = 2000;

export class LastKnownRecorder {
  private readonly hosts = new Map<string, HostStatus>();
  /** null: gone. */
  private readonly ports = new Map<string, ReportedPortStatus | null>();
  private timer: NodeJS.Timeout | null = null;
  private saving: Promise<void> = Promise.resolve();
  private refreshedAtMs = performance.now();
  private troubled = false;

  constructor(
    private readonly readModel: ReadModel,
    private readonly store: Pick<LastKnownStore, 'save'>,
    private readonly isLeader: () => boolean,
    private readonly logger: { warn(message: string): void },
  ) {}

  start(): void {
    this.readModel.hostChanges.subscribe((status) => this.hosts.set(status.hostId, status));
    this.readModel.portChanges.subscribe(({ portId, status }) => this.ports.set(portId, status));
    this.timer = setInterval(() => this.save(), SAVE_INTERVAL_MS);
  }

  /** Saves what is left. */
  async stop(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    this.save();
    await this.saving;
  }

  private save(): void {
    if (!this.isLeader()) {
      // the leader hears the same; what it may have missed when it took over is refreshed from the whole
      this.hosts.clear();
      this.ports.clear();
      this.refreshedAtMs = -Infinity;
      return;
    }
    if (performance.now() - this.refreshedAtMs >= REFRESH_INTERVAL_MS) this.refresh();
    if (this.hosts.size + this.ports.size > 0) this.saving = this.saving.then(() => this.saveNow());
  }

  private refresh(): void {
    const first = this.refreshedAtMs === -Infinity;
    this.refreshedAtMs = performance.now();
    const now = new Date();
    for (const hostId of this.readModel.hostIds) {
      const status = this.readModel.host(hostId, now);
      if (status.lastSeenAt !== null) this.hosts.set(hostId, status);
      if (first) for (const port of this.readModel.portsOf(hostId)) this.ports.set(port.portId, port);
    }
  }

  private async saveNow(): Promise<void> {
    const hosts = [...this.hosts.values()];
    const ports = [...this.ports].slice(0, PORTS_A_SAVE);
    this.hosts.clear();
    for (const [portId] of ports) this.ports.delete(portId);
    const gone = ports.filter(([, status]) => status === null).map(([portId]) => portId);
    try {
      await this.store.save(
        hosts,
        ports.map(([, status]) => status).filter((status) => status !== null),
        gone,
      );
      this.troubled = false;
    } catch (error) {
      for (const status of hosts) if (!this.hosts.has(status.hostId)) this.hosts.set(status.hostId, status);
      for (const [portId, status] of ports) if (!this.ports.has(portId)) this.ports.set(portId, status);
      if (!this.troubled)
        this.logger.warn(`what hosts report can't be saved now, trying again: ${(error as Error).message}`);
      this.troubled = true;
    }
  }
}
