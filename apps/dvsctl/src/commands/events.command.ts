/** dvsctl events: what happens, as it happens. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ServerSentEvent } from '@opendvs/api-client';
import { act, withExamples } from '../command-setup';
import { isAway } from '../failure';
import type { Io } from '../io';
import { renderYaml } from '../output/document';
import { printable } from '../output/table';
import type { Session } from '../session';

const RECONNECT_MS = 1000;

export function addEventsCommand(program: Command, io: Io): void {
  const command = program
    .command('events')
    .summary('follow changes and states as they happen')
    .description(
      'Follow changes and states as they happen, until Ctrl-C. A lost connection is made again, and no change is missed.\n' +
        'With -o json, a line for each event.',
    )
    .option('--types <list>', 'only these, with commas: change, port-status, host-status')
    .option('--since <revision>', 'first the changes after this revision');
  withExamples(command, [
    'events',
    'events --types port-status -o json',
    'events --types change --since 120',
  ]);
  act<[], { types?: string; since?: string }>(command, io, (session, _args, { types, since }) =>
    follow(session, types, since ?? null),
  );
}

async function follow(session: Session, types: string | undefined, since: string | null): Promise<void> {
  const path = `/api/v1/events${types === undefined ? '' : `?types=${encodeURIComponent(types)}`}`;
  let last = since;
  for (let connected = false; ;) {
    try {
      for await (const event of session.api.events(path, last)) {
        connected = true;
        if (event.id !== '') last = event.id;
        show(session, event);
      }
      session.note('the manager has ended the stream; connecting again');
    } catch (error) {
      session.io.interrupted.throwIfAborted();
      if (!connected || !isAway(error)) throw error;
      session.note(`${error.message}; connecting again`);
    }
    await pause(RECONNECT_MS, undefined, { signal: session.io.interrupted });
  }
}

function show({ io, output }: Session, { type, data }: ServerSentEvent): void {
  const value = JSON.parse(data) as Record<string, unknown>;
  if (output === 'json') io.out(`${JSON.stringify({ type, ...value })}\n`);
  else if (output === 'yaml') io.out(`---\n${renderYaml({ type, ...value })}`);
  else io.out(`${printable(sentence(type, value))}\n`);
}

function sentence(type: string, value: Record<string, unknown>): string {
  const time = new Date().toISOString().slice(11, 19);
  const text = (field: string) => asText(value[field]);
  const status = (value.status ?? {}) as Record<string, unknown>;
  switch (type) {
    case 'change':
      return `${text('at').slice(11, 19)}  change  ${text('revision')}  ${text('actor')}: ${text('action')} ${text('kind')} ${text('objectName')}`;
    case 'port-status':
      return `${time}  port    ${text('portId')}  ${value.status === null ? 'gone from its host' : stateText(status)}`;
    case 'host-status':
      return `${time}  host    ${text('hostId')}  ${stateText(value)}`;
    case 'ready':
      return `${time}  ready   revision ${text('revision')}`;
    default:
      return `${time}  ${type}  ${text('reason')}`;
  }
}

function stateText({ state, reason }: Record<string, unknown>): string {
  return reason ? `${asText(state)}: ${asText(reason)}` : asText(state);
}

function asText(value: unknown): string {
  return typeof value === 'string'
    ? value
    : value === undefined || value === null
      ? '-'
      : JSON.stringify(value);
}
