/** Every error of dvsctl as an exit status and plain words. */
import { ApiProblem, ServerUnreachableError, type ProblemField } from '@opendvs/api-client';
import { DomainXmlError, PortNotRenderableError } from '@opendvs/libvirt';
import type { ExitReason } from './exit-code';

/** The user asked for something that can't be: wrong option, missing setting, unreadable file. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** An error whose exit status is known where it is thrown. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    readonly reason: ExitReason,
    message: string,
  ) {
    super(message);
  }
}

/** The manager can't be reached or can't work just now; it may come back. */
export function isAway(error: unknown): error is Error {
  return error instanceof ServerUnreachableError || (error instanceof ApiProblem && error.status === 503);
}

export interface Failure {
  reason: ExitReason;
  /** For stderr, without "dvsctl:". */
  lines: string[];
}

export function failureOf(error: unknown): Failure {
  if (error instanceof ApiProblem) return { reason: reasonOf(error), lines: problemLines(error) };
  if (error instanceof ServerUnreachableError) return { reason: 'unreachable', lines: [error.message] };
  if (error instanceof CommandError) return { reason: error.reason, lines: error.message.split('\n') };
  if (error instanceof UsageError) return { reason: 'usage', lines: error.message.split('\n') };
  if (error instanceof DomainXmlError)
    return {
      reason: 'usage',
      lines: ['the domain can not be rendered:', ...error.message.split('\n').map(indented)],
    };
  if (error instanceof PortNotRenderableError) return { reason: 'refused', lines: [error.message] };
  if ((error as Error | undefined)?.name === 'AbortError') return { reason: 'interrupted', lines: [] };
  return {
    reason: 'defect',
    lines: [
      'dvsctl has failed; please report this:',
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    ],
  };
}

/** Of the users of an object, how many the manager names in `detail`. */
const NAMED_IN_DETAIL = 3;

const STATUS_REASONS: Record<number, ExitReason> = {
  404: 'notFound',
  409: 'conflict',
  412: 'conflict',
  502: 'unreachable',
  503: 'unreachable',
  504: 'unreachable',
};

function reasonOf({ status }: ApiProblem): ExitReason {
  return STATUS_REASONS[status] ?? 'refused';
}

function problemLines(problem: ApiProblem): string[] {
  const { document, fields, slug } = problem;
  const [only] = fields;
  const lines =
    fields.length === 1 && only && document.detail === `${only.field}: ${only.reason}`
      ? [fieldText(only)]
      : [document.detail];
  if (fields.length > 1 || (only && !document.detail.includes(only.reason)))
    lines.push(...fields.map((field) => indented(fieldText(field))));
  lines.push(...users(document.usedBy), ...refusingHosts(document.hosts));
  if (slug === 'unauthorized')
    lines.push('Log in with "dvsctl login", or give --token-file or DVSCTL_TOKEN.');
  if (slug === 'internal-error') lines.push(`Asked: ${problem.request}`);
  return lines;
}

/** A JSON pointer as people write fields: /lacp/rate is lacp.rate, /ports/3/name is ports[3].name. */
function fieldText({ in: where, field, reason }: ProblemField): string {
  const name = field
    .split('/')
    .slice(where === 'body' ? 1 : 0)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path ? `${path}.${part}` : part), '');
  return `${name || 'the whole'}${where === 'body' ? '' : ` (${where})`}: ${reason}`;
}

/** `usedBy`: who uses the object, as far as the detail hasn't room for it. */
function users(member: unknown): string[] {
  const kinds = (Array.isArray(member) ? member : []) as {
    kind: string;
    count: number;
    items: { name: string }[];
  }[];
  return kinds
    .filter(({ items }) => items.length > NAMED_IN_DETAIL)
    .map(({ kind, count, items }) => {
      const more = count > items.length ? `, and ${count - items.length} more` : '';
      return indented(`${kind}s: ${items.map(({ name }) => name).join(', ')}${more}`);
    });
}

/** `hosts`: those whose engine can't do what was asked, and why; the detail has the first. */
function refusingHosts(member: unknown): string[] {
  const hosts = (Array.isArray(member) ? member : []) as { hostName: string; reason: string }[];
  return hosts.length < 2 ? [] : hosts.map(({ hostName, reason }) => indented(`${hostName}: ${reason}`));
}

function indented(line: string): string {
  return `  ${line}`;
}
