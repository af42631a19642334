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

/**
 * `status` rather than `link_state`: after a restart of vswitchd with its VMs running, link_state may say `down` for ever (3.1 computes
 * it before it has set the queues up, and doesn't look again).
 */
export function isConnected({ interfaces }: ObservedPort): boolean {
  return interfaces.some(({ status }) => status.get('status') === 'connected');
}
