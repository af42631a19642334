/** A nats-server of our own, with JetStream, on loopback, for machines that have no cluster (no NATS_URL). */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { ensureSecret } from './secret-file';
import { freePort, untilReady } from './readiness';
import { SupervisedChild } from './supervised-child';

export interface NatsStartOptions {
  /** Everything it keeps: JetStream's files, its password, its log. */
  dataDir: string;
  /** Default: one that is free. */
  port?: number;
  onLog?: (line: string) => void;
}

export interface EmbeddedServer {
  /** With user and password: a secret. */
  url: string;
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

const USER = 'opendvs';
const PLACES = ['/usr/sbin', '/usr/bin', '/usr/local/bin', '/usr/local/sbin'];

/** @throws Error with the remedy when nats-server isn't installed, or with its log's path when it doesn't come up */
export async function startNats(options: NatsStartOptions): Promise<EmbeddedServer> {
  const { dataDir, onLog } = options;
  const port = options.port ?? (await freePort());
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const password = ensureSecret(join(dataDir, 'password'));
  const configFile = join(dataDir, 'nats-server.conf');
  writeFileSync(configFile, serverConfig(port, password, join(dataDir, 'jetstream')), { mode: 0o600 });
  const logFile = join(dataDir, 'nats-server.log');
  const child = new SupervisedChild({
    name: 'nats-server',
    command: { command: findNatsServer(), args: ['--config', configFile] },
    logFile,
    stopSignal: 'SIGTERM',
    onExit: onLog,
  });
  child.start();
  try {
    await untilReady('nats-server', logFile, 10_000, () => greeted(port));
  } catch (error) {
    await child.stop();
    throw error;
  }
  return {
    url: `nats://${USER}:${password}@127.0.0.1:${port}`,
    get pid() {
      return child.pid;
    },
    stop: () => child.stop(),
  };
}

function serverConfig(port: number, password: string, storeDir: string): string {
  const text = JSON.stringify;
  return `# written by OpenDVS at every start
listen: "127.0.0.1:${port}"
max_payload: 4MB
jetstream { store_dir: ${text(storeDir)} }
authorization { user: ${USER}, password: ${text(password)} }
`;
}

function findNatsServer(): string {
  const folders = [...(process.env.PATH ?? '').split(':'), ...PLACES];
  const found = folders.map((folder) => join(folder, 'nats-server')).find((file) => existsSync(file));
  if (!found)
    throw new Error(
      'nats-server is not installed: run "apt-get install nats-server", or set NATS_URL to a running NATS with JetStream',
    );
  return found;
}

/** The server speaks first: an INFO line (NATS client protocol). */
async function greeted(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  try {
    const [data] = (await once(socket, 'data', { signal: AbortSignal.timeout(1000) })) as [Buffer];
    if (!data.toString().startsWith('INFO ')) throw new Error(`port ${port} is not held by nats-server`);
  } finally {
    socket.destroy();
  }
}
