/** What the reconciler has told the world, and who wants to be told: listeners hear differences, never the same thing twice. */
import type { DriverDescription, Problem } from '@opendvs/dataplane';
import type { AppliedRevisions } from '@opendvs/model';
import { PortStatusBoard, type BoardInput } from './port-status-board';
import type { ReconcilerChange, ReconcilerLogger, ReconcilerSnapshot } from './reconciler-types';
import { sameSpec } from './same-spec';

export interface PublishedFacts {
  description: DriverDescription | null;
  engineUp: boolean;
  engineReason: string | null;
  appliedRevisions: AppliedRevisions;
  problems: readonly Problem[];
}

type Listener = (change: ReconcilerChange) => void;

export class PublishedState {
  private facts: PublishedFacts = {
    description: null,
    engineUp: false,
    engineReason: null,
    appliedRevisions: { host: 0, shared: 0 },
    problems: [],
  };
  private readonly board = new PortStatusBoard();
  private readonly listeners = new Set<Listener>();

  constructor(private readonly logger: ReconcilerLogger) {}

  snapshot(): Omit<ReconcilerSnapshot, 'totals'> {
    return { ...this.facts, ports: new Map(this.board.all) };
  }

  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** @param ports null: of ports there is nothing to say yet; @param nowMs milliseconds since the Unix epoch */
  publish(facts: PublishedFacts, ports: BoardInput | null, nowMs: number): void {
    const before = this.facts;
    this.facts = facts;
    const { changed, gonePortIds } = ports
      ? this.board.update(ports, nowMs)
      : { changed: [], gonePortIds: [] };
    const engineOf = ({ description, engineUp, engineReason }: PublishedFacts) => ({
      description,
      engineUp,
      engineReason,
    });
    const change: ReconcilerChange = {
      ports: changed,
      gonePortIds,
      appliedRevisions: sameSpec(before.appliedRevisions, facts.appliedRevisions)
        ? null
        : facts.appliedRevisions,
      engineChanged: !sameSpec(engineOf(before), engineOf(facts)),
      problemsChanged: !sameSpec(before.problems, facts.problems),
    };
    if (isSomething(change)) this.tell(change);
  }

  private tell(change: ReconcilerChange): void {
    for (const listener of this.listeners) {
      try {
        listener(change);
      } catch (error) {
        this.logger.error('a listener to changes of the reconciler failed; the others are told', { error });
      }
    }
  }
}

function isSomething({
  ports,
  gonePortIds,
  appliedRevisions,
  engineChanged,
  problemsChanged,
}: ReconcilerChange): boolean {
  return (
    ports.length > 0 ||
    gonePortIds.length > 0 ||
    appliedRevisions !== null ||
    engineChanged ||
    problemsChanged
  );
}
