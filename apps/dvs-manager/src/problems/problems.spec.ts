import { OptimisticLockError } from '@mikro-orm/core';
import { Migration0001Initial } from '../database/migrations/0001-initial.migration';
import { databaseProblem, isUnavailable } from './database-problems';
import { bodyError, invalid } from './problem';
import { PROBLEM_SLUGS, PROBLEM_TYPES } from './problem-types';

const databaseError = (more: object) => Object.assign(new Error('select secret from somewhere'), more);

describe('errors of the database', () => {
  it('tell users what is taken, missing or in use, and nothing of SQL', () => {
    const cases: [object, string, string][] = [
      [{ code: '23505', constraint: 'ports_name_unique' }, 'conflict', '/name: another port'],
      [
        {
          code: '23503',
          constraint: 'ports_membership_fk',
          detail: 'Key is not present in table "memberships".',
        },
        'invalid-reference',
        '/hostId',
      ],
      [
        {
          code: '23503',
          constraint: 'ports_membership_fk',
          detail: 'Key is still referenced from table "ports".',
        },
        'in-use',
        'has ports',
      ],
      [{ code: '57P01' }, 'unavailable', 'PostgreSQL'],
      [{ code: 'ECONNREFUSED' }, 'unavailable', 'PostgreSQL'],
    ];
    for (const [error, slug, detail] of cases) {
      const problem = databaseProblem(databaseError(error));
      expect(problem).toMatchObject({ slug, detail: expect.stringContaining(detail) as unknown });
      expect(problem?.detail).not.toContain('select');
    }
    expect(databaseProblem(new OptimisticLockError('x'))).toMatchObject({ slug: 'precondition-failed' });
    expect(databaseProblem(databaseError({ code: '42601' }))).toBeNull();
  });

  it('have words for every constraint of the schema that a user can violate', () => {
    const statements: string[] = [];
    const migration = Object.assign(Object.create(Migration0001Initial.prototype) as Migration0001Initial, {
      addSql: (sql: string) => statements.push(sql),
    });
    migration.up();
    const text = statements.join(';');
    const ownDoing = ['port_groups_switch_key', 'ports_number_unique', 'port_numbers_host_fk'];
    const named = (kind: RegExp) =>
      [...text.matchAll(kind)].map(([, name]) => name!).filter((name) => !ownDoing.includes(name));
    const unique = named(/constraint (\w+) unique/g);
    const foreign = named(/constraint (\w+_fk)/g);
    expect(unique.length + foreign.length).toBeGreaterThan(12);
    for (const constraint of unique)
      expect([constraint, databaseProblem(databaseError({ code: '23505', constraint }))?.status]).toEqual([
        constraint,
        409,
      ]);
    for (const constraint of foreign) {
      for (const detail of ['is not present', 'is still referenced']) {
        expect([
          constraint,
          databaseProblem(databaseError({ code: '23503', constraint, detail }))?.status,
        ]).toEqual([constraint, expect.any(Number)]);
      }
    }
  });

  it.each([
    [databaseError({ name: 'KnexTimeoutError' }), true],
    [new Error('Connection terminated unexpectedly'), true],
    [new AggregateError([databaseError({ code: 'ECONNREFUSED' })]), true],
    [databaseError({ code: '23505' }), false],
    [new TypeError('x is not a function'), false],
    [null, false],
  ])('%s is worth asking again: %j', (error, expected) => {
    expect(isUnavailable(error)).toBe(expected);
  });
});

describe('problem types', () => {
  it('have a status, a title and a description each, under a stable kind of name', () => {
    for (const slug of PROBLEM_SLUGS) {
      expect(slug).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(PROBLEM_TYPES[slug].status).toBeGreaterThanOrEqual(400);
      expect(PROBLEM_TYPES[slug].title.length).toBeGreaterThan(5);
      expect(PROBLEM_TYPES[slug].description).toMatch(/\.$/);
    }
  });

  it('become documents that name field and reason', () => {
    expect(invalid([bodyError('/a', 'is wrong'), bodyError('/b', 'too')]).toDocument('/x')).toEqual({
      type: 'https://opendvs.dev/problems/validation-failed',
      title: 'The request is not valid',
      status: 400,
      detail: '/a: is wrong (and 1 more: see errors)',
      instance: '/x',
      errors: [
        { in: 'body', field: '/a', reason: 'is wrong' },
        { in: 'body', field: '/b', reason: 'too' },
      ],
    });
  });
});
