/**
 * How operations are documented: one decorator for each kind of operation, so that every operation of a kind tells the same of parameters,
 * headers and errors. The specs of this folder walk the finished document and fail where something is missing.
 */
import { type Type, applyDecorators } from '@nestjs/common';
import {
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiProduces,
  ApiQuery,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { PROBLEM_TYPES, type ProblemSlug, problemTypeUri } from '../problems/problem-types';
import { WAIT_TIMEOUT_MS_DEFAULT, WAIT_TIMEOUT_MS_MAX } from '../writing/write-request';
import { AppliedDto, NotAppliedDto } from '../writing/applied.dto';
import { ProblemDto } from './problem.dto';

type Decorator = MethodDecorator & ClassDecorator;

interface OperationOptions {
  id: string;
  summary: string;
  description?: string;
  /** Beyond those that every operation of the kind has. */
  problems?: ProblemSlug[];
}

const ALWAYS: ProblemSlug[] = [
  'validation-failed',
  'malformed-request',
  'unauthorized',
  'too-many-requests',
  'internal-error',
  'unavailable',
];
const ON_BODIES: ProblemSlug[] = ['payload-too-large', 'unsupported-media-type'];
const ON_WRITES: ProblemSlug[] = ['conflict', 'invalid-reference', 'unsupported-by-hosts'];

const headers = {
  ETag: {
    description: 'Version of the settings, for If-Match and If-None-Match.',
    schema: { type: 'string', example: '"3"' },
  },
  Location: { description: 'Path of the new object.', schema: { type: 'string' } },
  'OpenDVS-Revision': {
    description: 'Revision of the change; absent when nothing had to change.',
    schema: { type: 'integer', minimum: 1 },
  },
  'Idempotency-Replayed': {
    description: '"true" when the answer is that of an earlier request with the same key.',
    schema: { type: 'string' },
  },
} as const;

/** GET of a list. */
export function ListOperation(options: OperationOptions & { of: Type }): Decorator {
  return applyDecorators(
    operation(options),
    ApiExtraModels(options.of),
    ApiResponse({ status: 200, description: 'A page.', schema: pageSchema(options.of) }),
    ProblemResponses(...ALWAYS, ...(options.problems ?? [])),
  );
}

/** GET of one object that has a version. */
export function GetOperation(options: OperationOptions & { of: Type }): Decorator {
  return applyDecorators(
    operation(options),
    ApiHeader({
      name: 'If-None-Match',
      required: false,
      description: 'An ETag: 304 if the settings are still those. Status is not covered.',
    }),
    ApiResponse({
      status: 200,
      description: 'The object.',
      type: options.of,
      headers: { ETag: headers.ETag },
    }),
    ApiResponse({ status: 304, description: 'The settings have not changed.' }),
    ProblemResponses(...ALWAYS, 'not-found', ...(options.problems ?? [])),
  );
}

/** GET of something that has no version. */
export function ReadOperation(options: OperationOptions & { of: Type }): Decorator {
  return applyDecorators(
    operation(options),
    ApiResponse({ status: 200, description: options.summary, type: options.of }),
    ProblemResponses(...ALWAYS, ...(options.problems ?? [])),
  );
}

/** `repeatable` false: takes no Idempotency-Key. */
export function CreateOperation(options: OperationOptions & { of: Type; repeatable?: boolean }): Decorator {
  const repeatable = options.repeatable ?? true;
  return applyDecorators(
    operation(options),
    ...(repeatable ? [IdempotencyKey()] : []),
    written(201, 'Created.', options.of, {
      ETag: headers.ETag,
      Location: headers.Location,
      ...(repeatable ? { 'Idempotency-Replayed': headers['Idempotency-Replayed'] } : {}),
    }),
    ProblemResponses(
      ...ALWAYS,
      ...ON_BODIES,
      ...ON_WRITES,
      ...(repeatable ? (['request-in-flight', 'idempotency-key-reused'] as const) : []),
      ...(options.problems ?? []),
    ),
  );
}

export function PatchOperation(options: OperationOptions & { of: Type; body: Type }): Decorator {
  return applyDecorators(
    operation({
      ...options,
      description:
        `${options.description ?? ''} JSON Merge Patch (RFC 7396): absent fields stay, null goes back to the default.`.trim(),
    }),
    ApiHeader({
      name: 'If-Match',
      required: true,
      description: 'ETag that the change is based on, or * for whatever there is.',
    }),
    ApiBody({ type: options.body, required: true }),
    written(200, 'Changed, or already so.', options.of, { ETag: headers.ETag }),
    ProblemResponses(
      ...ALWAYS,
      ...ON_BODIES,
      ...ON_WRITES,
      'not-found',
      'precondition-failed',
      'precondition-required',
      ...(options.problems ?? []),
    ),
  );
}

export function DeleteOperation(options: OperationOptions): Decorator {
  return applyDecorators(
    operation(options),
    ApiHeader({
      name: 'If-Match',
      required: false,
      description: 'ETag: deleted only if it is still that version.',
    }),
    waitQueries(),
    ApiResponse({ status: 200, description: 'Deleted and applied (with wait=applied).', type: AppliedDto }),
    ApiResponse({
      status: 204,
      description: 'Deleted.',
      headers: { 'OpenDVS-Revision': headers['OpenDVS-Revision'] },
    }),
    ApiResponse({ status: 202, description: 'Deleted, not yet applied.', type: NotAppliedDto }),
    ProblemResponses(...ALWAYS, 'not-found', 'in-use', 'precondition-failed', ...(options.problems ?? [])),
  );
}

/** A request that changes many objects, all or none. */
export function BulkOperation(options: OperationOptions & { of: Type }): Decorator {
  return applyDecorators(
    operation(options),
    IdempotencyKey(),
    written(200, 'All done.', options.of, { 'Idempotency-Replayed': headers['Idempotency-Replayed'] }),
    ProblemResponses(
      ...ALWAYS,
      ...ON_BODIES,
      ...ON_WRITES,
      'not-found',
      'in-use',
      'precondition-failed',
      'request-in-flight',
      'idempotency-key-reused',
      ...(options.problems ?? []),
    ),
  );
}

/** PUT that makes something exist. */
export function EnsureOperation(options: OperationOptions & { of: Type }): Decorator {
  return applyDecorators(
    operation(options),
    written(200, 'It was so already.', options.of, {}),
    ApiResponse({
      status: 201,
      description: 'Created.',
      type: options.of,
      headers: { 'OpenDVS-Revision': headers['OpenDVS-Revision'] },
    }),
    ProblemResponses(...ALWAYS, ...ON_BODIES, ...ON_WRITES, 'not-found', ...(options.problems ?? [])),
  );
}

/** One response for each status code, listing the problem types that it stands for. */
export function ProblemResponses(...slugs: ProblemSlug[]): Decorator {
  const byStatus = new Map<number, Set<ProblemSlug>>();
  for (const slug of slugs) {
    const { status } = PROBLEM_TYPES[slug];
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(slug));
  }
  const responses = [...byStatus].map(([status, types]) =>
    ApiResponse({
      status,
      description: [...types]
        .map((slug) => `\`${problemTypeUri(slug)}\`: ${PROBLEM_TYPES[slug].description}`)
        .join('\n\n'),
      content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemDto) } } },
    }),
  );
  return applyDecorators(ApiExtraModels(ProblemDto), ...responses);
}

function operation({ id, summary, description }: OperationOptions): Decorator {
  return applyDecorators(
    ApiOperation({ operationId: id, summary, description }),
    ApiProduces('application/json'),
  );
}

function IdempotencyKey(): Decorator {
  return ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      '1 to 255 printable ASCII characters. A request repeated with the same key within 24 hours is carried out once and answered the same.',
  });
}

function waitQueries(): Decorator {
  return applyDecorators(
    ApiQuery({
      name: 'wait',
      required: false,
      schema: { type: 'string', enum: ['applied'] },
      description: 'Hold the answer until every host concerned has the change in its dataplane.',
    }),
    ApiQuery({
      name: 'timeoutMs',
      required: false,
      schema: { type: 'integer', minimum: 0, maximum: WAIT_TIMEOUT_MS_MAX, default: WAIT_TIMEOUT_MS_DEFAULT },
      description: 'With wait=applied: how long to wait. Unit: milliseconds.',
    }),
  );
}

function written(status: 200 | 201, description: string, of: Type, extra: Record<string, object>): Decorator {
  const all = { ...extra, 'OpenDVS-Revision': headers['OpenDVS-Revision'] };
  const withOutcome = (outcome: Type) => ({
    allOf: [{ $ref: getSchemaPath(of) }, { $ref: getSchemaPath(outcome) }],
  });
  return applyDecorators(
    waitQueries(),
    ApiExtraModels(of, AppliedDto, NotAppliedDto),
    ApiResponse({
      status,
      description: `${description} With wait=applied, \`applied\` is true.`,
      headers: all,
      schema: { anyOf: [{ $ref: getSchemaPath(of) }, withOutcome(AppliedDto)] },
    }),
    ApiResponse({
      status: 202,
      description:
        'Saved, but not applied within timeoutMs, or a host could not apply it: `waitingFor` and `failures` say where and why.',
      headers: all,
      schema: withOutcome(NotAppliedDto),
    }),
  );
}

function pageSchema(of: Type): object {
  return {
    type: 'object',
    description: 'A page of a list.',
    required: ['items', 'total', 'next'],
    properties: {
      items: { type: 'array', description: 'The objects of this page.', items: { $ref: getSchemaPath(of) } },
      total: {
        type: 'integer',
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'Objects of all pages together.',
      },
      next: {
        type: 'string',
        nullable: true,
        description: 'Path and query of the next page; null on the last.',
      },
    },
  };
}
