/** Turns a message from the bus into a report, or says why it isn't one. Pure; trusts nothing. */
import { countersReportSchema, heartbeatSchema, statusReportSchema } from '@opendvs/contracts';
import type { z } from 'zod';
import type { Report } from './read-model';

const SCHEMAS = {
  heartbeat: heartbeatSchema,
  status: statusReportSchema,
  counters: countersReportSchema,
} satisfies Record<Report['kind'], z.ZodType>;

const SUBJECT = /^opendvs\.v1\.host\.([^.]+)\.([^.]+)$/;

export type Reading = { report: Report; refused: null } | { report: null; refused: string };

export function readReport(subject: string, data: Uint8Array): Reading {
  const [, hostId, kind] = SUBJECT.exec(subject) ?? [];
  if (!hostId || !kind || !isKind(kind)) return refuse('its subject is none that hosts report on');
  const parsed = SCHEMAS[kind].safeParse(parseJson(data));
  if (!parsed.success) return refuse(firstIssue(parsed.error));
  if (parsed.data.hostId !== hostId)
    return refuse(`it names host ${parsed.data.hostId}, its subject another`);
  return { report: { kind, report: parsed.data } as Report, refused: null };
}

function refuse(reason: string): Reading {
  return { report: null, refused: reason };
}

function isKind(kind: string): kind is Report['kind'] {
  return Object.hasOwn(SCHEMAS, kind);
}

const NOT_JSON = Symbol('not JSON');
const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(data));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return NOT_JSON; // no schema takes a symbol
    throw error;
  }
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  const more = error.issues.length > 1 ? ` (and ${error.issues.length - 1} more)` : '';
  return `${issue?.path.join('.') || 'the message'}: ${issue?.message ?? 'not a report'}${more}`;
}
