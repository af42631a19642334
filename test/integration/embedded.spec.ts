import { mkdtempSync, rmSync, statSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { Client } from 'pg';
import { startNats, startPostgres } from '@opendvs/embedded';
import { natsOptions } from '@opendvs/messaging';

describe('embedded servers', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'opendvs-embedded-'));
    chmodSync(dir, 0o755);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('PostgreSQL keeps its data over a stop, is restarted when killed, and lets nobody in without the password', async () => {
    const first = await startPostgres({ dataDir: join(dir, 'pg'), fsync: false });
    await query(first.url, 'create table kept as select 42 as n');
    await first.stop();

    const second = await startPostgres({ dataDir: join(dir, 'pg'), fsync: false });
    try {
      expect(await query(second.url, 'select n from kept')).toEqual([{ n: 42 }]);
      await expect(query(second.url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toThrow(
        /password authentication failed/,
      );
      process.kill(second.pid!, 'SIGKILL');
      await expect(untilAnswers(() => query(second.url, 'select n from kept'))).resolves.toEqual([{ n: 42 }]);
    } finally {
      await second.stop();
    }
  });

  it('NATS asks for the password, and its files are for the owner only', async () => {
    const nats = await startNats({ dataDir: join(dir, 'nats') });
    try {
      const connection = await connect(natsOptions(nats.url, 'spec'));
      await connection.flush();
      await connection.close();
      const anonymous = nats.url.replace(/\/\/.*@/, '//');
      await expect(
        connect({ ...natsOptions(anonymous, 'spec'), maxReconnectAttempts: 0, waitOnFirstConnect: false }),
      ).rejects.toThrow(/authorization/i);
      expect(statSync(join(dir, 'nats/nats-server.conf')).mode & 0o077).toBe(0);
    } finally {
      await nats.stop();
    }
  });
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}

async function untilAnswers<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
