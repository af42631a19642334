/** What engines can't do is refused when it is asked for, naming the hosts and their reasons; never silently dropped later. */
import type { SuppressionKind, SwitchMode } from '@opendvs/model';
import { type FieldError, ProblemError } from '../problems/problem';
import type { HostCapabilities, HostCapabilityReport } from '../reports/host-capabilities.service';

/** Something that an engine may or may not be able to do, and who asks for it. */
export type Capability = { wantedBy: string; field?: string } & (
  { kind: 'switch-mode'; name: SwitchMode } | { kind: 'suppression'; name: SuppressionKind }
);

interface Refusal {
  hostId: string;
  hostName: string;
  engine: string;
  capability: string;
  reason: string;
}

/** A host that was never heard of is given the benefit of the doubt. @throws ProblemError (422 unsupported-by-hosts) */
export function refuseIfUnsupported(
  hosts: readonly { id: string; name: string }[],
  wanted: readonly Capability[],
  capabilities: Pick<HostCapabilities, 'of'>,
): void {
  const refusals: Refusal[] = [];
  const errors: FieldError[] = [];
  for (const host of wanted.length > 0 ? hosts : []) {
    const known = capabilities.of(host.id);
    for (const capability of known ? wanted : []) {
      const reason = known && whyUnsupported(capability, known);
      if (!reason) continue;
      refusals.push({
        hostId: host.id,
        hostName: host.name,
        engine: known.engine,
        capability: capability.name,
        reason,
      });
      if (capability.field && !errors.some(({ field }) => field === capability.field)) {
        errors.push({ in: 'body', field: capability.field, reason });
      }
    }
  }
  const [first] = refusals;
  if (!first) return;
  const more = refusals.length > 1 ? ` (and ${refusals.length - 1} more)` : '';
  throw new ProblemError('unsupported-by-hosts', `host ${first.hostName}: ${first.reason}${more}`, {
    ...(errors.length > 0 ? { errors } : {}),
    members: { hosts: refusals.slice(0, 20) },
  });
}

function whyUnsupported(capability: Capability, known: HostCapabilityReport): string | null {
  const can: readonly string[] =
    capability.kind === 'switch-mode' ? known.switchModes : known.suppressionKinds;
  if (can.includes(capability.name)) return null;
  const said = known.unsupported[capability.name];
  return said ?? `${known.engine} does not support ${capability.name}, which ${capability.wantedBy} asks for`;
}
