import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { column, defineDatabase } from './column-types';
import type { Json } from './json-rpc-connection';
import { JsonSplitter } from './json-splitter';
import { OvsdbClient } from './ovsdb-client';
import { OvsdbSchemaError, OvsdbTransactionError } from './errors';

type Message = { method: string; params: Json[]; id: Json };

const DATABASE = defineDatabase('Test', {
  Thing: { name: column.scalar('string'), tags: column.set('integer'), note: column.optional('string') },
});
const SCHEMA = {
  version: '1.0.0',
  tables: {
    Thing: {
      columns: {
        name: { type: 'string' },
        tags: { type: { key: 'integer', min: 0, max: 'unlimited' } },
        note: { type: { key: 'string', min: 0, max: 1 } },
      },
    },
  },
};
const ROW = { name: 'a', tags: ['set', [1, 2]] };

/** Servers of different ages, from a script: the real one has a test of its own in test/integration. */
describe('OvsdbClient', () => {
  let folder: string;
  let server: Server;
  let handlers: Record<string, (params: Json[]) => unknown>;
  let notify: (method: string, params: Json[]) => void;
  let client: OvsdbClient<(typeof DATABASE)['tables']> | undefined;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'opendvs-ovsdb-'));
    handlers = { get_schema: () => SCHEMA };
    server = createServer((peer) => {
      const splitter = new JsonSplitter();
      notify = (method, params) => peer.write(JSON.stringify({ method, params, id: null }));
      peer.on('data', (chunk) => {
        for (const text of splitter.push(chunk)) {
          const { method, params, id } = JSON.parse(text) as Message;
          const handler = handlers[method];
          const reply = handler
            ? { result: handler(params), error: null }
            : { result: null, error: 'unknown method' };
          peer.write(JSON.stringify({ id, ...reply }));
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(join(folder, 'sock'), resolve));
  });
  afterEach(async () => {
    client?.close();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  const connect = async () =>
    (client = await OvsdbClient.connect({ socketPath: join(folder, 'sock'), database: DATABASE }));

  describe.each([
    {
      method: 'monitor_cond_since',
      reply: [false, 'id', { Thing: { u1: { initial: ROW } } }] as Json,
      update: (change: Json) => ['update3', (id: Json) => [id, 'id', { Thing: { u1: change } }]] as const,
      modify: { modify: { tags: ['set', [2, 3]], note: 'n' } } as Json,
    },
    {
      method: 'monitor_cond',
      reply: { Thing: { u1: { initial: ROW } } } as Json,
      update: (change: Json) => ['update2', (id: Json) => [id, { Thing: { u1: change } }]] as const,
      modify: { modify: { tags: ['set', [2, 3]], note: 'n' } } as Json,
    },
    {
      method: 'monitor',
      reply: { Thing: { u1: { new: ROW } } } as Json,
      update: (change: Json) => ['update', (id: Json) => [id, { Thing: { u1: change } }]] as const,
      modify: {
        old: { tags: ['set', [1, 2]], note: ['set', []] },
        new: { name: 'a', tags: ['set', [1, 3]], note: 'n' },
      } as Json,
    },
  ])('with a server whose best monitor is $method', ({ method, reply, update, modify }) => {
    it('replicates the same rows and changes', async () => {
      let monitorId: Json = null;
      handlers[method] = (params) => {
        monitorId = params[1]!;
        return reply;
      };
      const replica = await (await connect()).replicate();
      expect([...replica.rows('Thing').values()]).toEqual([
        { _uuid: 'u1', name: 'a', tags: [1, 2], note: null },
      ]);

      const changed = new Promise((resolve) => replica.onChange(resolve));
      const [notification, params] = update(modify);
      notify(notification, params(monitorId));
      const after = { _uuid: 'u1', name: 'a', tags: [1, 3], note: 'n' };
      expect(await changed).toEqual([
        {
          table: 'Thing',
          uuid: 'u1',
          before: { _uuid: 'u1', name: 'a', tags: [1, 2], note: null },
          after,
          columns: ['tags', 'note'],
        },
      ]);
      expect([...replica.rows('Thing').values()]).toEqual([after]);
    });

    it('drops deleted rows', async () => {
      let monitorId: Json = null;
      handlers[method] = (params) => {
        monitorId = params[1]!;
        return reply;
      };
      const replica = await (await connect()).replicate();
      const gone = replica.until(() => replica.rows('Thing').size === 0, AbortSignal.timeout(2000));
      const [notification, params] = update(method === 'monitor' ? { old: ROW } : { delete: null });
      notify(notification, params(monitorId));
      await gone;
    });
  });

  it('loses no update that comes in one piece with the answer to the monitor request', async () => {
    handlers.monitor_cond_since = (params) => {
      queueMicrotask(() =>
        notify('update3', [params[1]!, 'id', { Thing: { u2: { insert: { name: 'late' } } } }]),
      );
      return [false, 'id', { Thing: { u1: { initial: ROW } } }];
    };
    const replica = await (await connect()).replicate();
    await replica.until(() => replica.rows('Thing').size === 2, AbortSignal.timeout(2000));
  });

  it('refuses a database that lacks a column, naming it', async () => {
    handlers.get_schema = () => ({
      version: '0.9',
      tables: { Thing: { columns: { name: { type: 'string' } } } },
    });
    await expect(connect()).rejects.toThrow(
      new OvsdbSchemaError(
        'database Test (schema 0.9), table Thing, has no column tags: this Open vSwitch is too old or too new',
      ),
    );
  });

  it('refuses a database that has a column of another type', async () => {
    handlers.get_schema = () => ({
      tables: { Thing: { columns: { ...SCHEMA.tables.Thing.columns, tags: { type: 'string' } } } },
    });
    await expect(connect()).rejects.toThrow(
      'column Thing.tags is a scalar of string, a set of integer was expected',
    );
  });

  it('says in words which operation of a transaction failed', async () => {
    handlers.transact = () => [
      { uuid: ['uuid', 'u1'] },
      { error: 'constraint violation', details: 'name "b" is taken' },
      null,
    ];
    const connected = await connect();
    const transaction = connected.begin();
    transaction.insert('Thing', { name: 'a' });
    transaction.insert('Thing', { name: 'b' });
    transaction.delete('Thing', [['name', '==', 'c']]);
    const failure = connected.transact(transaction);
    await expect(failure).rejects.toThrow(
      'OVSDB rolled back the transaction at insert Thing "b": constraint violation (name "b" is taken)',
    );
    await expect(failure).rejects.toMatchObject({ code: 'constraint violation', operationIndex: 1 });
  });

  it('tells a failed commit from a failed operation', async () => {
    handlers.transact = () => [{ count: 1 }, { error: 'referential integrity violation', details: 'x' }];
    const connected = await connect();
    const transaction = connected.begin();
    transaction.update('Thing', 'u1', { tags: [4] });
    const failure: unknown = await connected.transact(transaction).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OvsdbTransactionError);
    expect(failure).toMatchObject({ operation: null, operationIndex: null });
  });
});
