/** The VMs of a simulated host: which port's socket each has open, what it sends, and how often one came to a port. */
import type { LivePort } from '@opendvs/dataplane';
import type { OfferedLoad } from './simulated-traffic';

export class SimulatedGuests {
  /** By port id: what the connected VM sends. */
  private readonly offers = new Map<string, readonly OfferedLoad[]>();
  /** By the id of each port that exists. */
  private readonly connects = new Map<string, number>();
  private readonly faults = new Map<string, string>();

  /** The engine has a port: now, or already. A VM may be waiting for it. */
  portMade(portId: string): void {
    if (!this.connects.has(portId)) this.connects.set(portId, this.isConnected(portId) ? 1 : 0);
  }

  portGone(portId: string): void {
    this.connects.delete(portId);
  }

  /** A VM opens the socket of the port, which need not exist yet. False: one has it open. */
  connect(portId: string): boolean {
    if (this.isConnected(portId)) return false;
    this.offers.set(portId, []);
    const before = this.connects.get(portId);
    if (before !== undefined) this.connects.set(portId, before + 1);
    return true;
  }

  /** False: there was none. */
  disconnect(portId: string): boolean {
    return this.offers.delete(portId);
  }

  isConnected(portId: string): boolean {
    return this.offers.has(portId);
  }

  /** @throws Error when no VM is connected to the port */
  offer(portId: string, offers: readonly OfferedLoad[]): void {
    if (!this.isConnected(portId))
      throw new Error(`no VM is connected to port ${portId}: nothing can be sent from there`);
    this.offers.set(portId, offers);
  }

  offersOf(portId: string): readonly OfferedLoad[] {
    return this.offers.get(portId) ?? [];
  }

  anyOffers(): boolean {
    return [...this.offers.values()].some((offers) => offers.length > 0);
  }

  /** null: the port works again. */
  setFault(portId: string, reason: string | null): void {
    if (reason === null) this.faults.delete(portId);
    else this.faults.set(portId, reason);
  }

  connectsTo(portId: string): number {
    return this.connects.get(portId) ?? 0;
  }

  livePort(portId: string): LivePort {
    const vhostConnects = this.connectsTo(portId);
    const fault = this.faults.get(portId);
    if (fault !== undefined) return { portId, link: 'faulty', reason: fault, vhostConnects };
    if (this.isConnected(portId)) return { portId, link: 'connected', reason: null, vhostConnects };
    return { portId, link: vhostConnects > 0 ? 'disconnected' : 'no-peer', reason: null, vhostConnects };
  }
}
