import { Injectable } from '@nestjs/common';
import type { PortState } from '@opendvs/model';
import type { Observable } from 'rxjs';
import type { ReportedPortStatus } from './host-status';
import { type PortStatusChange, ReadModel } from './read-model';

/** What hosts have told of their ports, kept in memory. */
@Injectable()
export class PortStatuses {
  constructor(private readonly readModel: ReadModel) {}

  /** undefined: the host hasn't told of it yet; to people that is `pending`. */
  get(portId: string): ReportedPortStatus | undefined {
    return this.readModel.port(portId);
  }

  ofHost(hostId: string): ReportedPortStatus[] {
    return [...this.readModel.portsOf(hostId)];
  }

  /** Ids of the ports that were last reported in this state; 'any': of all that something was reported of. */
  inState(state: PortState | 'any'): string[] {
    const found: string[] = [];
    for (const hostId of this.readModel.hostIds)
      for (const port of this.readModel.portsOf(hostId))
        if (state === 'any' || port.state === state) found.push(port.portId);
    return found;
  }

  get changes(): Observable<PortStatusChange> {
    return this.readModel.portChanges;
  }
}
