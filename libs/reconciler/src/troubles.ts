/** What a round couldn't bring about, sorted by whom to tell: at the port, or among the host's problems. */
import type { HostDesired, OwnerRef, Problem } from '@opendvs/dataplane';
import type { StepFailure } from './execute-plan';
import type { Withheld } from './plan';

export interface Troubles {
  /** By port id: the first reason, which is the cause of those after it. */
  ofPorts: ReadonlyMap<string, string>;
  /** Of everything that isn't a desired port. */
  problems: readonly Problem[];
}

export const NO_TROUBLES: Troubles = { ofPorts: new Map(), problems: [] };

export function collectTroubles(
  { ports }: HostDesired,
  invalid: readonly Problem[],
  withheld: readonly Withheld[],
  failures: readonly StepFailure[],
): Troubles {
  const ofPorts = new Map<string, string>();
  const problems = new Map<string, Problem>();
  const desiredPorts = new Set(ports.map(({ id }) => id));
  const note = (owner: OwnerRef | null, message: string) => {
    if (owner === null) return; // the engine can't tell whose it is: its failure is in the log
    if (owner.kind !== 'port' || !desiredPorts.has(owner.id))
      problems.set(`${owner.kind} ${owner.id} ${message}`, { owner, message });
    else if (!ofPorts.has(owner.id)) ofPorts.set(owner.id, message);
  };
  for (const { owner, message } of invalid) note(owner, message);
  for (const { owner, reason } of withheld) note(owner, reason);
  for (const { planned, error } of failures) note(planned.owner, error);
  return { ofPorts, problems: [...problems.values()] };
}
