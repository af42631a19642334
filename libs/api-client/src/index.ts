export { ApiProblem, ServerUnreachableError, type ProblemDocument, type ProblemField } from './api-problem';
export { ApiClient, bodyOf, createApiClient, type ApiClientOptions } from './client';
export {
  Collection,
  written,
  waitQuery,
  type ApplyFailure,
  type AwaitedHost,
  type CollectionName,
  type Item,
  type ListQuery,
  type NewItem,
  type Page,
  type Versioned,
  type WaitOutcome,
  type WriteOptions,
  type WriteResult,
} from './collection';
export { readEvents, type ServerSentEvent } from './event-stream';
export type { components, paths } from './generated/openapi';
