/** What the engine says of a VM's port now. */
import type { LivePort } from '@opendvs/dataplane';
import { lossReason } from './lost-ports';
import { faultOf, type ObservedPort } from './observe-database';

/** @param isLost vswitchd has dropped the port, though the database still has it */
export function livePort(
  portId: string,
  port: ObservedPort,
  isLost: boolean,
  vhostConnects: number,
): LivePort {
  const reason = faultOf(port.interfaces) ?? (isLost ? lossReason(port.row.name) : null);
  if (reason !== null) return { portId, link: 'faulty', reason, vhostConnects };
  if (isConnected(port)) return { portId, link: 'connected', reason: null, vhostConnects };
  return { portId, link: vhostConnects === 0 ? 'no-peer' : 'disconnected', reason: null, vhostConnects };
}

export function isConnected({ interfaces }: ObservedPort): boolean {
  return interfaces.some(({ link_state }) => link_state === 'up');
}
