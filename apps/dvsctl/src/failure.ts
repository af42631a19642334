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

const STATUS_REASONS: Record<number, ExitReason> = {
  404: 'notFound',
  409: 'conflict',
  412: 'conflict',
  503: 'unreachable',
};

function reasonOf({ status }: ApiProblem): ExitReason {
  return STATUS_REASONS[status] ?? 'refused';
}

function problemLines(problem: ApiProblem): string[] {
  const { document, fields, slug } = problem;
  const lines = [fields.length > 0 && !document.detail ? document.title : document.detail];
  if (fields.length > 1 || (fields[0] && !document.detail.includes(fields[0].reason)))
    lines.push(...fields.map(fieldLine));
  lines.push(...listed(document.usedBy), ...listed(document.hosts));
  if (slug === 'unauthorized')
    lines.push('Log in with "dvsctl login", or give --token-file or DVSCTL_TOKEN.');
  if (slug === 'internal-error') lines.push(`Asked: ${problem.request}`);
  return lines;
}

/** A JSON pointer as people write fields: /lacp/rate is lacp.rate, /ports/3/name is ports[3].name. */
function fieldLine({ in: where, field, reason }: ProblemField): string {
  const name = field
    .split('/')
    .slice(where === 'body' ? 1 : 0)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path ? `${path}.${part}` : part), '');
  return indented(`${name || 'the whole'}${where === 'body' ? '' : ` (${where})`}: ${reason}`);
}

/** Members such as `usedBy` and `hosts`: lists of things, or an object that holds one. */
function listed(member: unknown): string[] {
  if (member === undefined || member === null) return [];
  const items = Array.isArray(member) ? (member as unknown[]) : [member];
  return items.map((item) => indented(typeof item === 'string' ? item : JSON.stringify(item)));
}

function indented(line: string): string {
  return `  ${line}`;
}
