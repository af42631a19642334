/**
 * A client of one OVSDB database over one persistent connection. It doesn't reconnect: `closed` tells when and why it ended, and
 * its owner decides what then. All calls may overlap; transactions are done in the order in which they are sent.
 */
import type { Database, Tables } from './column-types';
import { OvsdbRequestError } from './errors';
import { JsonRpcConnection, type Json, type JsonRpcOptions } from './json-rpc-connection';
import { Replica } from './replica';
import { checkSchema, type ColumnLimits } from './schema-check';
import { Transaction, type TransactionOutcome } from './transaction';

export class OvsdbClient<T extends Tables> {
  private readonly replicas = new Map<string, Replica<T>>();

  private constructor(
    private readonly connection: JsonRpcConnection,
    private readonly database: Database<T>,
    private readonly limits: ColumnLimits,
  ) {
    connection.onNotification = (method, params) => this.notified(method, params);
  }

  /**
   * @throws OvsdbConnectionError when nothing listens, OvsdbRequestError when the server has no such database,
   * OvsdbSchemaError when the database lacks what `database` declares.
   */
  static async connect<T extends Tables>(
    options: JsonRpcOptions & { database: Database<T> },
  ): Promise<OvsdbClient<T>> {
    const connection = await JsonRpcConnection.connect(options);
    try {
      const schema = await connection.request('get_schema', [options.database.name]);
      return new OvsdbClient(connection, options.database, checkSchema(options.database, schema));
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Settles when the connection is over: with the reason, or `null` after {@link close}. */
  get closed(): JsonRpcConnection['closed'] {
    return this.connection.closed;
  }

  get isOpen(): boolean {
    return this.connection.isOpen;
  }

  begin(): Transaction<T> {
    return new Transaction(this.database);
  }

  /**
   * Commits, or changes nothing. Replicas of this client show the change before the promise settles.
   * @throws OvsdbTransactionError when the server rolled it back; OvsdbConnectionError when the connection went away, and then
   * whether it was committed is not known.
   */
  async transact(transaction: Transaction<T>): Promise<TransactionOutcome> {
    return transaction.readReply(await this.connection.request('transact', transaction.toJson()));
  }

  /** A copy of all rows of the declared tables, kept up to date while the connection lasts. */
  async replicate(): Promise<Replica<T>> {
    const replica = new Replica(this.database, this.limits);
    const id = `replica-${this.replicas.size + 1}`;
    this.replicas.set(id, replica);
    const tables = Object.entries(this.database.tables);
    const requests = Object.fromEntries(
      tables.map(([name, columns]) => [name, [{ columns: Object.keys(columns) }]]),
    );
    replica.applyInitial(await this.monitor(id, requests));
    return replica;
  }

  /** Resolves when replicas show all that was committed before the call, by whomever: the server sends updates before answers. */
  async sync(): Promise<void> {
    await this.connection.request('echo', []);
  }

  close(): void {
    this.connection.close();
  }

  /** The most telling monitor method that the server knows; all give the same replica. */
  private async monitor(id: string, requests: { [key: string]: Json }): Promise<Json> {
    const { name } = this.database;
    try {
      const [, , updates] = (await this.connection.request('monitor_cond_since', [
        name,
        id,
        requests,
        NO_TRANSACTION,
      ])) as Json[];
      return updates ?? {};
    } catch (error) {
      if (!isUnknownMethod(error)) throw error;
    }
    try {
      return await this.connection.request('monitor_cond', [name, id, requests]);
    } catch (error) {
      if (!isUnknownMethod(error)) throw error;
    }
    return this.connection.request('monitor', [name, id, requests]);
  }

  private notified(method: string, params: Json[]): void {
    const replica = this.replicas.get(params[0] as string);
    if (!replica) return; // `locked`, `stolen` and notifications of servers newer than this client
    if (method === 'update3') replica.applyUpdate(params[2]!);
    else if (method === 'update2' || method === 'update') replica.applyUpdate(params[1]!);
  }
}

const NO_TRANSACTION = '00000000-0000-0000-0000-000000000000';

function isUnknownMethod(error: unknown): boolean {
  return error instanceof OvsdbRequestError && /unknown method/.test(error.reason);
}
