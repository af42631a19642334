/** The manager's refusals (RFC 9457 problem documents) and its silence, as errors that say what to do. */

/** One thing wrong with a request: where, and why. */
export interface ProblemField {
  in: 'body' | 'query' | 'path' | 'header';
  /** A JSON pointer in a body; else the name of the parameter. */
  field: string;
  reason: string;
}

export interface ProblemDocument {
  /** URI of the kind of problem; its last segment is {@link ApiProblem.slug}. */
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: ProblemField[];
  [extension: string]: unknown;
}

/** The manager answered with an error. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(
    readonly document: ProblemDocument,
    /** `METHOD /path` of the request. */
    readonly request: string,
  ) {
    super(document.detail);
  }

  get status(): number {
    return this.document.status;
  }

  /** The kind of problem in a word: "not-found", "in-use" … */
  get slug(): string {
    return this.document.type.split('/').at(-1) ?? '';
  }

  get fields(): ProblemField[] {
    return this.document.errors ?? [];
  }
}

/** No answer came: the manager, or the network to it, is away; or what answered is no manager. */
export class ServerUnreachableError extends Error {
  override readonly name = 'ServerUnreachableError';

  constructor(
    readonly server: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`${server} can't be reached: ${reason}`, options);
  }
}

/** The error that an answer stands for. Answers of proxies and other servers become problems too, in their own words. */
export async function problemOf(
  response: Response,
  request: string,
  server: string,
): Promise<ApiProblem | ServerUnreachableError> {
  const type = response.headers.get('content-type') ?? '';
  const text = await response.text();
  if (type.startsWith('application/problem+json')) {
    const document = asDocument(text);
    if (document) return new ApiProblem(document, request);
  }
  return new ServerUnreachableError(
    server,
    `it answered "${response.status} ${response.statusText}" to ${request}, which is no answer of a manager`,
  );
}

function asDocument(text: string): ProblemDocument | null {
  try {
    const value: unknown = JSON.parse(text);
    const isDocument =
      typeof value === 'object' &&
      value !== null &&
      'status' in value &&
      'detail' in value &&
      'type' in value;
    return isDocument ? (value as ProblemDocument) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null; // cut off on its way: reported as no answer of a manager
    throw error;
  }
}

/** Words for why fetch() failed: undici hides them in the cause. */
export function unreachable(server: string, error: unknown): ServerUnreachableError {
  const cause = (error as { cause?: unknown } | undefined)?.cause ?? error;
  const { code, message } = (cause ?? {}) as { code?: string; message?: string };
  return new ServerUnreachableError(server, REASONS[code ?? ''] ?? message ?? String(error), {
    cause: error,
  });
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there; is the manager running, and is the address right?',
  ENOTFOUND: 'the name is unknown to DNS; is the address right?',
  EAI_AGAIN: 'the name can not be looked up at the moment',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; name it with NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is self-signed; name the authority with NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate comes from an unknown authority; name that with NODE_EXTRA_CA_CERTS',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};
