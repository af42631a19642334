import { Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { HostStatus } from './host-status';
import { ReadModel } from './read-model';

/** What hosts have told of themselves, kept in memory. */
@Injectable()
export class HostStatuses {
  constructor(private readonly readModel: ReadModel) {}

  /** For a host that never reported: state `unknown`, with the reason. */
  get(hostId: string): HostStatus {
    return this.readModel.host(hostId, new Date());
  }

  /** Of every host in PostgreSQL. */
  all(): HostStatus[] {
    return [...this.readModel.hostIds].map((hostId) => this.get(hostId));
  }

  /** Each host whose status has changed in anything but its last sign of life. */
  get changes(): Observable<HostStatus> {
    return this.readModel.hostChanges;
  }
}
