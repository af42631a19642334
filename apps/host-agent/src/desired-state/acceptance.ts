/**
 * May the agent act on what the bus offers? Only on a complete state of the store it knows, not older than what it has
 * already acted on, and meant for this host. Everything else leaves the last good state in force. Pure.
 */
import type { HostDesired } from '@opendvs/dataplane';
import type { DesiredEntry } from '@opendvs/contracts';
import type { AppliedRevisions, Engine, Host } from '@opendvs/model';
import type { Assembly, CompleteState, DesiredEntries } from './assemble-desired';

/** A state that the agent acts on, and what it has to remember of it. */
export interface AcceptedState {
  storeId: string;
  /** Largest revision seen in either stream; never falls. */
  revisions: AppliedRevisions;
  desired: HostDesired;
  entries: ReadonlyMap<string, DesiredEntry>;
}

/** What the bus has for this host now. */
export interface Offer {
  entries: DesiredEntries;
  assembly: Assembly;
  /** Largest revision of each stream, tombstones and the bucket's own record included. */
  revisions: AppliedRevisions;
}

/** What the host itself says, whatever the bus may claim. */
export interface LocalFacts {
  engine: Engine;
  vhostSocketDir: string;
  /** Where the store id is pinned; for the remedy in a reason. */
  stateDir: string;
}

export type Verdict =
  | { verdict: 'accept'; state: AcceptedState }
  /** The rest may still come. */
  | { verdict: 'hold'; kind: 'absent' | 'unresolved'; reason: string }
  /** Won't get right by waiting: somebody has to look. */
  | { verdict: 'refuse'; reason: string };

/** @param accepted what the agent acts on now, if anything */
export function judge(offer: Offer, accepted: AcceptedState | null, local: LocalFacts): Verdict {
  const { assembly, revisions } = offer;
  if (!assembly.complete) return { verdict: 'hold', kind: assembly.kind, reason: assembly.reason };
  const { state } = assembly;
  const objection =
    (accepted && (otherStore(state, accepted, local) ?? olderThanSeen(state, offer, accepted))) ??
    notThisHost(state.desired.host, local);
  if (objection) return { verdict: 'refuse', reason: objection };
  return {
    verdict: 'accept',
    state: {
      storeId: state.storeId,
      revisions: {
        host: Math.max(revisions.host, accepted?.revisions.host ?? 0),
        shared: Math.max(revisions.shared, accepted?.revisions.shared ?? 0),
      },
      desired: state.desired,
      entries: state.entries,
    },
  };
}

function otherStore(state: CompleteState, accepted: AcceptedState, { stateDir }: LocalFacts): string | null {
  if (accepted.storeId === state.storeId) return null;
  return (
    `the bus holds the state of store ${state.storeId}, but this host belongs to store ${accepted.storeId}; ` +
    `if the manager's database was replaced on purpose, stop the agent, remove ${stateDir} and start it again`
  );
}

const REPAIR = 'the manager repairs this by publishing again; if it does not, see its log';

/**
 * Revisions only ever grow, so a smaller one tells of an old copy of the bucket. A port that is absent was deleted, at a
 * revision above its own; its tombstone goes only after the bucket's record was written with a revision past that.
 */
function olderThanSeen(state: CompleteState, offer: Offer, accepted: AcceptedState): string | null {
  const seen = Math.max(accepted.revisions.host, accepted.revisions.shared);
  const offered = Math.max(offer.revisions.host, offer.revisions.shared, state.metaRevision);
  if (offered < seen) {
    return `the bus offers revision ${offered}, but this host has already acted on revision ${seen}: an old copy of the bucket? ${REPAIR}`;
  }
  for (const [key, known] of accepted.entries) {
    const now = state.entries.get(key);
    if (now && now.revision < known.revision) {
      return `${key} has revision ${now.revision} on the bus, but this host has already acted on its revision ${known.revision}; ${REPAIR}`;
    }
    if (known.kind === 'port' && !offer.entries.host.has(key) && state.metaRevision <= known.revision) {
      return `${key} is missing from the bus, and nothing there says that it was deleted; ${REPAIR}`;
    }
  }
  return null;
}

/** Why the host's configuration isn't the one of this host, or null. */
export function notThisHost(host: Host, local: LocalFacts): string | null {
  if (host.engine !== local.engine) {
    return (
      `the manager has this host with engine ${host.engine}, but the agent runs ${local.engine}: ` +
      `correct the host in the manager, or OPENDVS_ENGINE here`
    );
  }
  if (withoutTrailingSlash(host.vhostSocketDir) !== withoutTrailingSlash(local.vhostSocketDir)) {
    return (
      `the manager has this host's vhost-user sockets in ${host.vhostSocketDir}, but the agent keeps them in ${local.vhostSocketDir}: ` +
      `correct the host in the manager, or OPENDVS_VHOST_SOCKET_DIR here`
    );
  }
  return null;
}

function withoutTrailingSlash(path: string): string {
  return path.replace(/\/+$/, '');
}
