/** --wait of writes: hold on until the hosts have the change, and say where they don't. */
import { Option, type Command } from 'commander';
import type { WriteResult } from '@opendvs/api-client';
import { CommandError } from '../failure';
import { readDuration } from '../output/units';
import { Names } from '../resources/lookup';
import type { Session } from '../session';

export interface WaitOptions {
  /** Milliseconds; undefined: don't wait. */
  wait?: number;
}

const WAIT_DEFAULT = '10s';

export function addWaitOption(command: Command): void {
  const option = new Option(
    '--wait [time]',
    `end only when every host concerned has the change in its dataplane, at most this long (500ms, 30s, 1m; ${WAIT_DEFAULT} when no time is said)`,
  );
  command.addOption(option.preset(WAIT_DEFAULT).argParser(readDuration));
}

/** @throws CommandError with status 6 or 7 when it is saved but not applied. */
export async function checkApplied(
  session: Session,
  what: string,
  { outcome, revision }: WriteResult<unknown>,
): Promise<void> {
  if (!outcome || outcome.applied) return;
  const { failures, waitingFor } = outcome;
  const hosts = [...failures, ...waitingFor].map(({ hostId }) => ({ noun: 'host' as const, id: hostId }));
  const names = await Names.load(session.api, hosts);
  const lines = [
    `${what} is saved${revision === null ? '' : ` (revision ${revision})`}, but not in the dataplane of every host:`,
    ...failures.map(({ hostId, reason }) => `  ${names.of(hostId)} failed: ${reason}`),
    ...waitingFor.map(({ hostId, reason }) => `  ${names.of(hostId)} has not acknowledged it: ${reason}`),
  ];
  throw new CommandError(failures.length > 0 ? 'failed' : 'timeout', lines.join('\n'));
}
