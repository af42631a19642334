/**
 * What an error of the database means to an API user. Checks in services answer first, with more context; these are what is left when
 * two requests race. No SQL and no driver text gets out.
 */
import { types } from 'node:util';
import { OptimisticLockError } from '@mikro-orm/core';
import { ProblemError, bodyError, contradiction } from './problem';

type Translation = () => ProblemError;

const taken =
  (field: string, what: string): Translation =>
  () =>
    contradiction('conflict', [bodyError(field, what)]);
const reference =
  (field: string, what: string): Translation =>
  () =>
    contradiction('invalid-reference', [bodyError(field, what)]);
const inUse =
  (what: string): Translation =>
  () =>
    new ProblemError('in-use', what);

/** By name of the violated constraint (src/database/migrations). */
const UNIQUE: Record<string, Translation> = {
  hosts_pk: taken('/id', 'another host has this id'),
  hosts_name_unique: taken('/name', 'another host has this name'),
  switches_name_unique: taken('/name', 'another switch has this name'),
  port_groups_name_unique: taken('/name', 'another port group of the switch has this name'),
  uplink_groups_name_unique: taken('/name', 'another uplink group of the host has this name'),
  uplink_groups_one_per_switch: taken(
    '/switchId',
    'the host already has an uplink group for this switch; change that one',
  ),
  ports_name_unique: taken('/name', 'another port of the switch has this name'),
  ports_mac_unique: taken('/macAddress', 'another port of the switch has this MAC address'),
  tokens_name_unique: taken('/name', 'another token has this name'),
};

const INSERTED: Record<string, Translation> = {
  memberships_switch_fk: () => new ProblemError('not-found', 'the switch does not exist any more'),
  memberships_host_fk: () => new ProblemError('not-found', 'the host does not exist any more'),
  uplink_groups_membership_fk: reference(
    '/hostId',
    'the host is not in the switch; add it to the switch first',
  ),
  port_groups_switch_fk: reference('/switchId', 'there is no such switch'),
  ports_port_group_fk: reference('/portGroupId', 'there is no such port group'),
  ports_membership_fk: reference(
    '/hostId',
    'the host is not in the switch of the port group; add it to the switch first',
  ),
};

const DELETED: Record<string, Translation> = {
  memberships_switch_fk: inUse('hosts are in the switch; take them out first'),
  memberships_host_fk: inUse('the host is in switches; take it out of them first'),
  uplink_groups_membership_fk: inUse('the host has an uplink group for the switch; delete it first'),
  port_groups_switch_fk: inUse('the switch has port groups; delete them first'),
  ports_port_group_fk: inUse('ports use the port group; delete or move them first'),
  ports_membership_fk: inUse('the host has ports of the switch; delete them first'),
};

const UNAVAILABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** SQLSTATE classes: 08 connection, 53 insufficient resources, 57 operator intervention (shutdown, start-up, cancel), 55P03 lock timeout. */
const UNAVAILABLE_STATES = /^(08...|53...|57...|55P03|25006|40001|40P01)$/;
const UNAVAILABLE_MESSAGES =
  /connection terminated|connection error|timeout exceeded when trying to connect|client has encountered a connection error|acquiring a connection|not queryable/i;

interface DatabaseError {
  code?: string;
  constraint?: string;
  detail?: string;
  message: string;
  name: string;
}

/** null: not an error of the database that a user can do anything about. */
export function databaseProblem(error: unknown): ProblemError | null {
  if (error instanceof OptimisticLockError) {
    return new ProblemError(
      'precondition-failed',
      'somebody else changed the object at the same moment; read it again',
    );
  }
  if (!isError(error)) return null;
  return constraintProblem(error) ?? (isUnavailable(error) ? unavailable() : null);
}

/** Node's own errors too, which are not of this realm's class where code runs in a sandbox (jest). */
function isError(error: unknown): error is DatabaseError {
  return types.isNativeError(error) || error instanceof Error;
}

/** Name of the unique constraint that `error` violates, if it does. */
export function violatedUnique(error: unknown): string | null {
  const { code, constraint } = (error ?? {}) as Partial<DatabaseError>;
  return code === '23505' && constraint ? constraint : null;
}

/** The database can't be reached or doesn't take requests now; asking again later makes sense. */
export function isUnavailable(error: unknown): boolean {
  const { code, message = '', name } = (error ?? {}) as Partial<DatabaseError>;
  if (name === 'KnexTimeoutError') return true;
  if (code && (UNAVAILABLE_CODES.has(code) || UNAVAILABLE_STATES.test(code))) return true;
  const inner = (error as AggregateError | undefined)?.errors as unknown[] | undefined;
  return UNAVAILABLE_MESSAGES.test(message) || (inner?.some(isUnavailable) ?? false);
}

export function unavailable(): ProblemError {
  return new ProblemError(
    'unavailable',
    'PostgreSQL can not be reached or is too busy. A change may or may not have been saved: repeat it with the same Idempotency-Key, or look.',
    { headers: { 'retry-after': '1' } },
  );
}

function constraintProblem(error: DatabaseError): ProblemError | null {
  if (!error.constraint) return null;
  if (error.code === '23505') return UNIQUE[error.constraint]?.() ?? null;
  if (error.code !== '23503') return null;
  // "… is still referenced from table …": the other end went away under a reference that somebody else holds
  const deleted = /still referenced/.test(error.detail ?? error.message);
  return (deleted ? DELETED : INSERTED)[error.constraint]?.() ?? null;
}
