/** A PostgreSQL of our own, on loopback, for machines that have none (no DATABASE_URL). */
import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import type { EmbeddedServer } from './nats';
import { postgresBinaries, reachable } from './postgres-binaries';
import { freePort, untilReady } from './readiness';
import { ensureSecret } from './secret-file';
import { SupervisedChild } from './supervised-child';

export interface PostgresStartOptions {
  /** Everything it keeps: the cluster, its password, its log. */
  dataDir: string;
  /** Default: one that is free. */
  port?: number;
  /** false: faster, and a power failure may lose data. For tests. Default true. */
  fsync?: boolean;
  onLog?: (line: string) => void;
}

const run = promisify(execFile);
const ROLE = 'opendvs';
const DATABASE = 'opendvs';

/**
 * Makes the cluster the first time, starts it and makes the database. As root it runs as the user postgres, else nobody.
 * @throws Error with the remedy when the binaries are missing, or with the log's path when it doesn't come up
 */
export async function startPostgres(options: PostgresStartOptions): Promise<EmbeddedServer> {
  const { dataDir, onLog } = options;
  const port = options.port ?? (await freePort());
  const user = process.getuid?.() === 0 ? unprivilegedUser() : null;
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  if (user && !reachable(dataDir)) {
    throw new Error(
      `PostgreSQL runs as uid ${user.uid}, which can't enter ${dataDir}: choose a data directory whose parents others may enter`,
    );
  }
  const binaries = postgresBinaries(user?.uid ?? null, join(dataDir, 'binaries'));
  const passwordFile = join(dataDir, 'password');
  const password = ensureSecret(passwordFile);
  const cluster = join(dataDir, 'cluster');
  if (!existsSync(cluster)) await initialise(binaries, cluster, passwordFile, user);
  const logFile = join(dataDir, 'postgres.log');
  const child = new SupervisedChild({
    name: 'PostgreSQL',
    command: {
      command: join(binaries, 'bin/postgres'),
      args: serverArguments(cluster, port, options.fsync ?? true),
      ...(user ? { user } : {}),
    },
    logFile,
    stopSignal: 'SIGINT', // "fast" shutdown: doesn't wait for clients
    onExit: onLog,
  });
  child.start();
  const url = `postgresql://${ROLE}:${password}@127.0.0.1:${port}`;
  try {
    await untilReady('PostgreSQL', logFile, 30_000, () => ensureDatabase(`${url}/postgres`));
  } catch (error) {
    await child.stop();
    throw error;
  }
  return {
    url: `${url}/${DATABASE}`,
    get pid() {
      return child.pid;
    },
    stop: () => child.stop(),
  };
}

function serverArguments(cluster: string, port: number, fsync: boolean): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: `${port}`,
    unix_socket_directories: '',
    max_connections: '100',
    fsync: fsync ? 'on' : 'off',
    synchronous_commit: fsync ? 'on' : 'off',
    full_page_writes: fsync ? 'on' : 'off',
  };
  return ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** Made beside its final place and renamed, so that an interrupted start leaves no half cluster behind. */
async function initialise(
  binaries: string,
  cluster: string,
  passwordFile: string,
  user: User | null,
): Promise<void> {
  const partial = `${cluster}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { mode: 0o700 });
  if (user) {
    // the server's own user reads the password once, here
    chownSync(partial, user.uid, user.gid);
    chownSync(passwordFile, user.uid, user.gid);
  }
  const asUser = user ? ['--reuid', `${user.uid}`, '--regid', `${user.gid}`, '--clear-groups'] : [];
  const initdb = [join(binaries, 'bin/initdb'), '-D', partial, '-U', ROLE, '--pwfile', passwordFile];
  await run('setpriv', [...asUser, '--', ...initdb, '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C']);
  renameSync(partial, cluster);
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined); // a connection cut while the server comes up is reported by the query itself
  try {
    await client.connect();
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (!rowCount) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}

interface User {
  uid: number;
  gid: number;
}

function unprivilegedUser(): User {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error(
    'PostgreSQL does not run as root, and neither the user postgres nor nobody exists; set DATABASE_URL, or start as another user',
  );
}
