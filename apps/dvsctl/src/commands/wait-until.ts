/**
 * Waiting for a state that the manager tells of: its event stream says when to look again, and looking decides. The first look comes
 * after the stream has begun, so nothing that happens between is missed. A manager that goes away meanwhile is waited for too.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { CommandError, isAway } from '../failure';
import type { Session } from '../session';

export interface Awaited<T> {
  /** What is waited for, for messages: "port web-1 to be connected". */
  what: string;
  /** Kinds of events after which it may have come. */
  eventTypes: string;
  timeoutMs: number;
  /**
   * Looks: `done` ends the waiting; else `because` says what is missing.
   * @throws CommandError when waiting longer would not help
   */
  look: () => Promise<{ done: T } | { because: string }>;
}

/** Between attempts to reach the manager, and between two looks when no event comes. */
const RECONNECT_MS = 500;
const LOOK_AGAIN_MS = 5000;

/** @throws CommandError (timeout) with what was missing at the last look. */
export async function waitUntil<T>(session: Session, awaited: Awaited<T>): Promise<T> {
  const overdue = AbortSignal.timeout(awaited.timeoutMs);
  const limit = AbortSignal.any([overdue, session.io.interrupted]);
  let because = 'nothing was heard of it';
  let reached = false;
  while (!limit.aborted) {
    try {
      for await (const _occasion of occasions(session, awaited.eventTypes, limit)) {
        reached = true;
        const found = await awaited.look();
        if ('done' in found) return found.done;
        because = found.because;
      }
    } catch (error) {
      if (!limit.aborted && !(reached && isAway(error))) throw error;
      if (isAway(error)) because = error.message;
    }
    if (!limit.aborted) await pause(RECONNECT_MS);
  }
  session.io.interrupted.throwIfAborted();
  throw new CommandError(
    'timeout',
    `${awaited.what} was not seen within ${awaited.timeoutMs / 1000} s: ${because}`,
  );
}

/** Once when the stream has begun, after each event, and now and then without any; until the stream or the time ends. */
async function* occasions(session: Session, types: string, limit: AbortSignal): AsyncGenerator<void> {
  const done = new AbortController();
  const signal = AbortSignal.any([limit, done.signal]);
  const events = session.api.events(`/api/v1/events?types=${types}`, null, signal);
  let next = events.next();
  try {
    for (;;) {
      const heard = await Promise.race([next, pause(LOOK_AGAIN_MS, null, { signal })]);
      if (heard?.done) return;
      if (heard) next = events.next();
      yield;
    }
  } finally {
    next.catch(() => undefined); // an event that nobody waits for any more
    done.abort();
  }
}
