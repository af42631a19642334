/**
 * Every kind of problem that the API answers with (RFC 9457): one list, from which code, OpenAPI and the pages under
 * /api/problems come. A slug, once released, keeps its meaning.
 */
export interface ProblemType {
  status: number;
  title: string;
  /** For people who look the type up: when it happens and what to do. */
  description: string;
}

const types = {
  'malformed-request': {
    status: 400,
    title: 'The request can not be read',
    description:
      'The body is not valid UTF-8 JSON, is nested too deeply, or carries forbidden keys; or the URL is malformed.',
  },
  'validation-failed': {
    status: 400,
    title: 'The request is not valid',
    description: '`errors` names each field at fault and why. Nothing was changed.',
  },
  unauthorized: {
    status: 401,
    title: 'A valid token is needed',
    description:
      'Send "Authorization: Bearer TOKEN". The first start of the manager printed the administrator\'s token.',
  },
  'not-found': {
    status: 404,
    title: 'No such object',
    description: 'The object does not exist, or no longer.',
  },
  'no-such-route': {
    status: 404,
    title: 'No such path',
    description: 'The API has nothing at this path; /api/docs lists what there is.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The path does not have this method',
    description: 'The header Allow lists the methods that it has.',
  },
  conflict: {
    status: 409,
    title: 'The request conflicts with what exists',
    description: 'A name or address is taken, or a NIC is used by another switch. `errors` names the field.',
  },
  'in-use': {
    status: 409,
    title: 'The object is in use',
    description:
      '`usedBy` says by whom: how many, and the first twenty of them. Remove or change these first.',
  },
  'request-in-flight': {
    status: 409,
    title: 'A request with this Idempotency-Key is still being worked on',
    description: 'Wait for its answer, or repeat it in a moment: the same answer is then replayed.',
  },
  'precondition-failed': {
    status: 412,
    title: 'The object has changed since you read it',
    description:
      'If-Match names an older version than the current one. Read the object again and decide anew.',
  },
  'payload-too-large': {
    status: 413,
    title: 'The request body is too large',
    description: 'A body has at most 1 MiB, that of a bulk request 8 MiB.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The content type is not supported',
    description: 'Send application/json, or application/merge-patch+json for PATCH.',
  },
  'invalid-reference': {
    status: 422,
    title: 'The request does not fit the objects that it refers to',
    description:
      'For example a VLAN outside the pools of the switch, or a port on a host that is not in the switch. `errors` names the field.',
  },
  'unsupported-by-hosts': {
    status: 422,
    title: 'A host can not do this',
    description: '`hosts` lists the hosts whose engine can not do what is asked for, and why.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key belongs to another request',
    description:
      'The key was used with a different method, path or body within the last 24 hours. Use a new key.',
  },
  'precondition-required': {
    status: 428,
    title: 'If-Match is needed',
    description:
      'Send If-Match with the ETag you have read, so that nobody\'s change gets lost; or "*" to change whatever there is.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many failed attempts',
    description:
      'Too many requests with an invalid token from this address. Retry-After says when to try again.',
  },
  'internal-error': {
    status: 500,
    title: 'The manager has failed',
    description: 'A defect of the manager. Its log has the details under `requestId`.',
  },
  'host-answer': {
    status: 502,
    title: 'The host could not answer',
    description:
      'The agent of the host said that it can not, or gave an answer that makes no sense. Its log has more.',
  },
  unavailable: {
    status: 503,
    title: 'The manager can not work at the moment',
    description:
      'PostgreSQL can not be reached or is too busy. Try again after Retry-After; virtual machines are not affected.',
  },
  'host-silent': {
    status: 504,
    title: 'The host did not answer',
    description:
      'The agent of the host is down, busy, or cut off from the bus. Traffic of its virtual machines goes on.',
  },
} as const satisfies Record<string, ProblemType>;

export type ProblemSlug = keyof typeof types;
export const PROBLEM_TYPES: Readonly<Record<ProblemSlug, ProblemType>> = types;
export const PROBLEM_SLUGS = Object.keys(types) as ProblemSlug[];

/** URI of a problem type. Names the type; need not be resolvable. */
export function problemTypeUri(slug: ProblemSlug): string {
  return `https://opendvs.dev/problems/${slug}`;
}
