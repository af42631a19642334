/**
 * Which hosts and ports there are, and which port is on which host: what decides whether a report is about anything. Loaded once, then
 * kept by the change feed.
 */
import type { ChangeFeed, CommittedChange } from '../events/change-feed';

export interface InventorySource {
  hostIds(): Promise<string[]>;
  ports(): Promise<{ id: string; hostId: string }[]>;
}

export class Inventory {
  private hosts = new Set<string>();
  private hostOfPort = new Map<string, string>();
  /** Changes that came while everything is being read, which may have been read before or after them. */
  private meanwhile: CommittedChange[] | null = null;
  private readonly removedListeners = new Set<(kind: 'host' | 'port', id: string) => void>();

  constructor(
    private readonly source: InventorySource,
    private readonly feed: ChangeFeed,
  ) {}

  /** The feed must have been started: what is committed while this loads arrives through it. */
  async start(): Promise<void> {
    this.feed.subscribe((changes) => this.take(changes));
    await this.load();
  }

  /** Reads all anew. @throws when PostgreSQL can't be asked */
  async load(): Promise<void> {
    const meanwhile: CommittedChange[] = [];
    this.meanwhile = meanwhile;
    const [hostIds, ports] = await Promise.all([this.source.hostIds(), this.source.ports()]);
    this.hosts = new Set(hostIds);
    this.hostOfPort = new Map(ports.map(({ id, hostId }) => [id, hostId]));
    this.meanwhile = null;
    meanwhile.forEach((change) => this.fold(change));
  }

  hasHost(hostId: string): boolean {
    return this.hosts.has(hostId);
  }

  get hostIds(): Iterable<string> {
    return this.hosts;
  }

  /** undefined: there is no such port. */
  hostOf(portId: string): string | undefined {
    return this.hostOfPort.get(portId);
  }

  get portIds(): Iterable<string> {
    return this.hostOfPort.keys();
  }

  *portsOn(hostId: string): Iterable<string> {
    for (const [portId, host] of this.hostOfPort) if (host === hostId) yield portId;
  }

  /** As {@link hostOf}, but of a port that another request may have made this moment. @throws when PostgreSQL can't be asked */
  async findHostOf(portId: string): Promise<string | undefined> {
    if (!this.hostOfPort.has(portId)) await this.feed.catchUp();
    return this.hostOfPort.get(portId);
  }

  /** As {@link hasHost}, but of a host that another request may have made this moment. @throws when PostgreSQL can't be asked */
  async findHost(hostId: string): Promise<boolean> {
    if (!this.hosts.has(hostId)) await this.feed.catchUp();
    return this.hosts.has(hostId);
  }

  onRemoved(listener: (kind: 'host' | 'port', id: string) => void): void {
    this.removedListeners.add(listener);
  }

  private take(changes: CommittedChange[]): void {
    this.meanwhile?.push(...changes);
    changes.forEach((change) => this.fold(change));
  }

  private fold({ kind, action, objectId, after }: CommittedChange): void {
    if (kind !== 'host' && kind !== 'port') return;
    if (action !== 'delete') {
      if (kind === 'host') this.hosts.add(objectId);
      else if (typeof after?.hostId === 'string') this.hostOfPort.set(objectId, after.hostId);
      return;
    }
    if (kind === 'host') this.hosts.delete(objectId);
    else this.hostOfPort.delete(objectId);
    for (const listener of this.removedListeners) listener(kind, objectId);
  }
}
