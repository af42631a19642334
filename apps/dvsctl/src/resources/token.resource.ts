/** Bearer tokens: who may use the API. */
import { defineResource } from './resource';

export const tokenResource = defineResource<'tokens'>({
  noun: 'token',
  singular: 'token',
  plural: 'tokens',
  collection: 'tokens',
  about: 'API tokens: create, list, revoke',
  verbs: ['list', 'create', 'delete'],
  columns: () => [
    { header: 'name', value: ({ name }) => name },
    { header: 'created', value: ({ createdAt }) => createdAt },
    { header: 'created by', value: ({ createdBy }) => createdBy },
    { header: 'id', value: ({ id }) => id },
  ],
  settings: [],
  filters: [],
  sortable: ['name', 'createdAt'],
  readOnly: ['id', 'createdAt', 'createdBy'],
  examples: {
    list: ['token list'],
    create: ['token create ci-pipeline > ci.token'],
    delete: ['token delete ci-pipeline --yes'],
  },
  // The secret alone, so that it can be piped into a file; it is never shown again.
  announce: (created) => (created as unknown as { token: string }).token,
});
