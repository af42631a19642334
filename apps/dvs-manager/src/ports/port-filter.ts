import type { FilterQuery } from '@mikro-orm/core';
import type { PortState } from '@opendvs/model';
import { contains } from '../paging/page';
import type { PortQuery } from './port.dto';
import type { PortRow } from './port.entity';

/** `portsInState`: ids of the ports that were reported to be in a state. What nothing was reported of is pending. */
export function portFilter(
  query: PortQuery,
  portsInState: (state: PortState | 'any') => string[],
): FilterQuery<PortRow> {
  const { name, nameContains, switchId, portGroupId, hostId, macAddress, vmId, vmName, state } = query;
  const equal = Object.entries({
    name,
    switchId,
    portGroupId,
    hostId,
    vmId,
    vmName,
    macAddress: macAddress?.toLowerCase() ?? null,
  });
  return {
    $and: [
      Object.fromEntries(equal.filter(([, value]) => value !== null)),
      nameContains === null ? {} : { name: contains(nameContains) },
      state === null ? {} : { id: stateCondition(state, portsInState) },
    ],
  };
}

function stateCondition(state: PortState, portsInState: (state: PortState | 'any') => string[]): object {
  if (state !== 'pending') return { $in: portsInState(state) };
  const pending = new Set(portsInState('pending'));
  return { $nin: portsInState('any').filter((id) => !pending.has(id)) };
}
