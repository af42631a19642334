import { PROBLEM_TYPES, type ProblemSlug, problemTypeUri } from './problem-types';

/** One thing wrong with a request. */
export interface FieldError {
  in: 'body' | 'query' | 'path' | 'header';
  /** In a body, a JSON pointer (RFC 6901); else the name of the parameter. */
  field: string;
  reason: string;
}

/** A problem document (RFC 9457). */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  errors?: FieldError[];
  [extension: string]: unknown;
}

export interface ProblemExtras {
  errors?: FieldError[];
  /** Further members of the document. */
  members?: Record<string, unknown>;
  headers?: Record<string, string>;
}

/** Thrown anywhere; the filter turns it into the answer. `detail` says what is wrong, where, and what to do. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly slug: ProblemSlug,
    readonly detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(detail);
  }

  get status(): number {
    return PROBLEM_TYPES[this.slug].status;
  }

  toDocument(instance: string): ProblemDocument {
    const { status, title } = PROBLEM_TYPES[this.slug];
    return {
      type: problemTypeUri(this.slug),
      title,
      status,
      detail: this.detail,
      instance,
      ...(this.extras.errors ? { errors: this.extras.errors } : {}),
      ...this.extras.members,
    };
  }
}

/** A request whose fields are wrong by themselves. */
export function invalid(errors: FieldError[]): ProblemError {
  return fieldProblem('validation-failed', errors);
}

/** One wrong field of the body, given by its JSON pointer. */
export function bodyError(field: string, reason: string): FieldError {
  return { in: 'body', field, reason };
}

/** Fields that contradict other objects. */
export function contradiction(slug: 'invalid-reference' | 'conflict', errors: FieldError[]): ProblemError {
  return fieldProblem(slug, errors);
}

export function notFound(kind: string, id: string): ProblemError {
  return new ProblemError('not-found', `there is no ${kind} ${id}`);
}

function fieldProblem(slug: ProblemSlug, errors: FieldError[]): ProblemError {
  const [first, ...more] = errors;
  const rest = more.length > 0 ? ` (and ${more.length} more: see errors)` : '';
  return new ProblemError(
    slug,
    first ? `${first.field || 'the body'}: ${first.reason}${rest}` : PROBLEM_TYPES[slug].title,
    { errors },
  );
}
