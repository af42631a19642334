/** What can go wrong between us and an OVSDB server. Messages are for operators: what was asked, what the server said. */

/** The connection is gone, or never came about. Nothing is known of requests under way. */
export class OvsdbConnectionError extends Error {
  override readonly name = 'OvsdbConnectionError';
}

/** The server refused a whole request (RFC 7047, 4.1): unknown method, unknown database, syntax error. */
export class OvsdbRequestError extends Error {
  override readonly name = 'OvsdbRequestError';

  constructor(
    readonly method: string,
    /** The server's own words, as JSON where they are not a string. */
    readonly reason: string,
  ) {
    super(`the server refused "${method}": ${reason}`);
  }
}

/** Codes of RFC 7047, 3.1 and 5.2, and of the server; others may come. */
export type OvsdbErrorCode =
  | 'constraint violation'
  | 'referential integrity violation'
  | 'domain error'
  | 'range error'
  | 'duplicate uuid-name'
  | 'duplicate uuid'
  | 'resources exhausted'
  | 'timed out'
  | 'aborted'
  | 'not owner'
  | 'syntax error'
  | 'unknown column'
  | 'I/O error'
  | (string & {});

/** A transaction was rolled back whole: nothing of it is in the database. */
export class OvsdbTransactionError extends Error {
  override readonly name = 'OvsdbTransactionError';

  constructor(
    readonly code: OvsdbErrorCode,
    readonly details: string,
    /** The operation that failed, in words; null when only the commit as a whole did. */
    readonly operation: string | null,
    /** Its place in the transaction. */
    readonly operationIndex: number | null,
  ) {
    super(
      `OVSDB rolled back the transaction${operation === null ? '' : ` at ${operation}`}: ${code}${details === '' ? '' : ` (${details})`}`,
    );
  }
}

/** The database lacks a table or column that the caller needs, or has it with another type: an older or newer Open vSwitch. */
export class OvsdbSchemaError extends Error {
  override readonly name = 'OvsdbSchemaError';
}
