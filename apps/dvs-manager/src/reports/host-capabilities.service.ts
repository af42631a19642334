import { Injectable } from '@nestjs/common';
import type { HostEngine } from './host-status';
import { ReadModel } from './read-model';

export type HostCapabilityReport = HostEngine['capabilities'] & {
  /** As the engine calls itself, for messages to people: "ovs-dpdk (Open vSwitch 3.1.0, DPDK 22.11.11)". */
  engine: string;
};

/** What the hosts' engines can do, as last reported: also while a host is down. */
@Injectable()
export class HostCapabilities {
  constructor(private readonly readModel: ReadModel) {}

  /** null: its engine has never been opened, so nobody knows. */
  of(hostId: string): HostCapabilityReport | null {
    const { engine } = this.readModel.host(hostId, new Date());
    return engine && { ...engine.capabilities, engine: `${engine.name} (${engine.version})` };
  }
}
