import { type BroadcastSuppression, SUPPRESSION_KINDS } from '@opendvs/model';
import type { Capability } from '../hosts/capability-check';

/** What hosts must be able to do for these thresholds. */
export function suppressionCapabilities(suppression: BroadcastSuppression, wantedBy: string): Capability[] {
  return SUPPRESSION_KINDS.filter((kind) => suppression[kind] !== null).map((kind) => ({
    kind: 'suppression',
    name: kind,
    wantedBy,
    field: `/broadcastSuppression/${kind}`,
  }));
}
