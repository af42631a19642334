/**
 * @needs root hugepages
 * The OVSDB client against a real ovsdb-server with Open vSwitch's schema (no switch runs: nothing else writes).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import * as fc from 'fast-check';
import {
  column,
  defineDatabase,
  OvsdbClient,
  OvsdbConnectionError,
  OvsdbRequestError,
  type Replica,
  type RowChange,
  type RowInput,
} from '@opendvs/ovsdb';
import { eventually } from '@opendvs/testing';
import { ovsdbServerCommand, prepareInstance } from '../../dataplane/ovs-dpdk/src';

const DATABASE = defineDatabase('Open_vSwitch', {
  Open_vSwitch: { bridges: column.set('uuid'), next_cfg: column.scalar('integer') },
  Bridge: {
    name: column.scalar('string'),
    ports: column.set('uuid'),
    stp_enable: column.scalar('boolean'),
    fail_mode: column.optional('string'),
    flood_vlans: column.set('integer'),
    external_ids: column.map('string', 'string'),
    flow_tables: column.map('integer', 'uuid'),
  },
  Port: {
    name: column.scalar('string'),
    interfaces: column.set('uuid'),
    tag: column.optional('integer'),
    trunks: column.set('integer'),
  },
  Interface: { name: column.scalar('string') },
});
type Tables = (typeof DATABASE)['tables'];

const bridgeEdit: fc.Arbitrary<RowInput<Tables['Bridge']>> = fc.record(
  {
    stp_enable: fc.boolean(),
    fail_mode: fc.constantFrom(null, 'secure', 'standalone'),
    flood_vlans: fc.uniqueArray(fc.integer({ min: 0, max: 4095 }), { maxLength: 30 }),
    external_ids: fc
      .uniqueArray(fc.tuple(fc.string({ maxLength: 6 }), fc.string({ unit: 'grapheme' })), {
        selector: ([key]) => key,
        maxLength: 6,
      })
      .map((entries) => new Map(entries)),
  },
  { requiredKeys: [] },
);

describe('OvsdbClient on a real ovsdb-server', () => {
  let folder: string;
  let server: ChildProcess;
  let socketPath: string;
  const clients: OvsdbClient<Tables>[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'opendvs-ovsdb-'));
    await prepareInstance({ runDir: folder }, false);
    const { command, args, env } = ovsdbServerCommand({ runDir: folder });
    server = spawn(command, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
    socketPath = join(folder, 'db.sock');
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    const gone = new Promise((resolve) => server.once('exit', resolve));
    if (server.exitCode === null && server.signalCode === null) {
      server.kill('SIGKILL');
      await gone;
    }
    rmSync(folder, { recursive: true });
  });

  const connect = async () => {
    const client = await eventually('ovsdb-server listens', () =>
      OvsdbClient.connect({ socketPath, database: DATABASE, probeIntervalMs: 500 }),
    );
    clients.push(client);
    return client;
  };
  /** The root row, and a bridge with one port for each of the names. */
  const makeBridge = async (client: OvsdbClient<Tables>, name: string, portNames: readonly string[] = []) => {
    const transaction = client.begin();
    const ports = portNames.map((port) => {
      const one = transaction.insert('Interface', { name: port });
      return transaction.insert('Port', { name: port, interfaces: [one] });
    });
    const bridge = transaction.insert('Bridge', { name, ports });
    transaction.insert('Open_vSwitch', { bridges: [bridge] });
    return (await client.transact(transaction)).uuidOf(bridge);
  };

  it('keeps a replica that is the database read again, after any edits by anybody', async () => {
    const [writer, watcher] = [await connect(), await connect()];
    const uuid = await makeBridge(writer, 'br0', ['p0']);
    const replica = await watcher.replicate();
    const live = { changes: 0 };
    replica.onChange(() => (live.changes += 1));
    await fc.assert(
      fc.asyncProperty(fc.array(bridgeEdit, { minLength: 1, maxLength: 5 }), async (edits) => {
        for (const edit of edits) {
          const transaction = writer.begin();
          transaction.update('Bridge', uuid, edit);
          await writer.transact(transaction);
        }
        await watcher.sync();
        expect(await readAgain(watcher)).toEqual(contentOf(replica));
      }),
      { numRuns: 40 },
    );
    expect(live.changes).toBeGreaterThan(10);
  });

  it('shows its own transactions in the replica before they are answered, with what changed', async () => {
    const client = await connect();
    const uuid = await makeBridge(client, 'br0');
    const replica = await client.replicate();
    const seen: RowChange<Tables>[] = [];
    replica.onChange((changes) => seen.push(...changes));
    const transaction = client.begin();
    transaction.mutate('Bridge', uuid, [
      [
        'external_ids',
        'insert',
        new Map([
          ['a', '1'],
          ['b', '2'],
        ]),
      ],
      ['flood_vlans', 'insert', [7, 9]],
    ]);
    await client.transact(transaction);
    expect(replica.rows('Bridge').get(uuid)).toMatchObject({
      flood_vlans: [7, 9],
      external_ids: new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
    });
    const second = client.begin();
    second.mutate('Bridge', uuid, [
      ['external_ids', 'delete-keys', ['a']],
      ['flood_vlans', 'delete', [7]],
    ]);
    await client.transact(second);
    expect(replica.rows('Bridge').get(uuid)).toMatchObject({
      flood_vlans: [9],
      external_ids: new Map([['b', '2']]),
    });
    expect(seen.map(({ table, columns }) => [table, [...columns].sort()])).toEqual(
      Array(2).fill(['Bridge', ['external_ids', 'flood_vlans']]),
    );
  });

  it('inserts rows that refer to one another, and deletes what nothing refers to any more', async () => {
    const client = await connect();
    const uuid = await makeBridge(client, 'br0', ['p0', 'p1']);
    const replica = await client.replicate();
    expect([...replica.rows('Port').values()].map(({ name }) => name).sort()).toEqual(['p0', 'p1']);
    const [port] = replica.rows('Bridge').get(uuid)!.ports;
    const transaction = client.begin();
    const removal = transaction.mutate('Bridge', uuid, [['ports', 'delete', [port!]]]);
    expect((await client.transact(transaction)).countOf(removal)).toBe(1);
    expect(replica.rows('Port').size).toBe(1);
    expect(replica.rows('Interface').size).toBe(1);
  });

  it('does nothing of a transaction of which one operation fails, and says which and why', async () => {
    const client = await connect();
    await makeBridge(client, 'br0', ['p0']);
    const replica = await client.replicate();
    const [[root]] = [...replica.rows('Open_vSwitch')] as [[string, unknown]];
    const transaction = client.begin();
    transaction.mutate('Open_vSwitch', root, [['next_cfg', '+=', 1]]);
    transaction.update('Port', [['name', '==', 'p0']], { tag: 5000 });
    await expect(client.transact(transaction)).rejects.toMatchObject({
      code: 'constraint violation',
      operationIndex: 1,
      message: expect.stringMatching(
        /at update Port where .*p0.*5000 is not in the valid range 0 to 4095/,
      ) as string,
    });
    expect(replica.rows('Open_vSwitch').get(root)!.next_cfg).toBe(0);
  });

  it('names the row when a name is taken, which only the commit finds out', async () => {
    const client = await connect();
    await makeBridge(client, 'br0', ['p0']);
    const transaction = client.begin();
    const one = transaction.insert('Interface', { name: 'p0' });
    const port = transaction.insert('Port', { name: 'p9', interfaces: [one] });
    transaction.mutate('Bridge', [['name', '==', 'br0']], [['ports', 'insert', [port]]]);
    await expect(client.transact(transaction)).rejects.toMatchObject({
      code: 'constraint violation',
      details: expect.stringContaining('(p0)') as string,
    });
  });

  it('waits for a value, and gives up in time', async () => {
    const client = await connect();
    const uuid = await makeBridge(client, 'br0');
    const waiting = client.begin();
    waiting.wait('Bridge', uuid, '==', [{ stp_enable: true }], 5000);
    const done = client.transact(waiting);
    const other = await connect();
    const change = other.begin();
    change.update('Bridge', uuid, { stp_enable: true });
    await other.transact(change);
    await done;
    const hopeless = client.begin();
    hopeless.wait('Bridge', uuid, '==', [{ stp_enable: false }], 50);
    await expect(client.transact(hopeless)).rejects.toMatchObject({ code: 'timed out' });
  });

  it('carries a transaction and a replica of many megabytes', async () => {
    const client = await connect();
    const text = 'ü"\\ '.repeat(4000);
    const uuid = await makeBridge(client, 'br0');
    const transaction = client.begin();
    const entries = Array.from({ length: 500 }, (_, i) => [`key ${i}`, `${i} ${text}`] as const);
    transaction.update('Bridge', uuid, { external_ids: new Map(entries) });
    await client.transact(transaction);
    const replica = await (await connect()).replicate();
    expect(replica.rows('Bridge').get(uuid)!.external_ids.get('key 499')).toBe(`499 ${text}`);
  }, 30_000);

  it('tells at once when the server dies, and within seconds when it hangs', async () => {
    const dying = await connect();
    server.kill('SIGSTOP');
    const startedAt = Date.now();
    const reason = await dying.closed;
    expect(reason?.message).toMatch(/no answer to an echo/);
    expect(Date.now() - startedAt).toBeLessThan(5000);
    server.kill('SIGCONT');
    const other = await connect();
    server.kill('SIGKILL');
    expect((await other.closed)?.message).toMatch(/closed the connection|ECONNRESET/);
    await expect(other.sync()).rejects.toThrow(OvsdbConnectionError);
  }, 15_000);

  it('refuses a database that the server has not', async () => {
    await connect();
    const database = defineDatabase('Nothing', {});
    await expect(OvsdbClient.connect({ socketPath, database })).rejects.toThrow(OvsdbRequestError);
  });
});

function contentOf(replica: Replica<Tables>) {
  return [...replica.rows('Bridge').values()];
}

async function readAgain(client: OvsdbClient<Tables>) {
  const transaction = client.begin();
  const bridges = transaction.select('Bridge', []);
  return (await client.transact(transaction)).rowsOf(bridges);
}
