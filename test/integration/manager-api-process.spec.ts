/** The manager as a process: what it prints, what it keeps, and how it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const MAIN = join(ROOT, 'dist/apps/dvs-manager/src/main.js');

let folder: string;
jest.setTimeout(120_000);
const running = new Set<ChildProcess>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'opendvs-manager-process-'));
  chmodSync(folder, 0o711); // PostgreSQL runs as another user
  const build = spawn(process.execPath, [join(ROOT, 'scripts/build.mjs')], { stdio: 'inherit' });
  const [code] = (await once(build, 'exit')) as [number];
  expect(code).toBe(0);
});
afterAll(async () => {
  for (const child of running) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
});

function manager(environment: Record<string, string>, args: string[] = []) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: {
      PATH: process.env.PATH,
      OPENDVS_HTTP_PORT: '0',
      OPENDVS_DATA_DIR: join(folder, 'data'),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output.text += data.toString()));
  const exited = once(child, 'exit').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  return { child, output, exited };
}

/** Its address, once it has told. */
function ready({ child, output, exited }: ReturnType<typeof manager>): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout.on('data', () => {
      const url = /ready at (http:[^;\s]+)/.exec(output.text)?.[1];
      if (url) resolve(url);
    });
    void exited.then((code) => reject(new Error(`it ended with ${code}:\n${output.text}`)));
  });
}

it('says what it can be told, and its version', async () => {
  const help = manager({}, ['--help']);
  expect(await help.exited).toBe(0);
  for (const name of [
    'DATABASE_URL',
    'NATS_URL',
    'OPENDVS_DATA_DIR',
    'OPENDVS_HTTP_PORT',
    'OPENDVS_ADMIN_TOKEN_FILE',
  ]) {
    expect(help.output.text).toContain(name);
  }
  const version = manager({}, ['--version']);
  expect(await version.exited).toBe(0);
  const { version: expected } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string;
  };
  expect(version.output.text).toBe(`${expected}\n`);
});

it('does not start with a configuration that makes no sense, and names the variable', async () => {
  const wrong = manager({ OPENDVS_HTTP_PORT: '70000', DATABASE_URL: 'mysql://secret@host' });
  expect(await wrong.exited).toBe(1);
  expect(wrong.output.text).toContain('OPENDVS_HTTP_PORT');
  expect(wrong.output.text).toContain('DATABASE_URL');
  expect(wrong.output.text).not.toContain('secret');
  const unknown = manager({}, ['--hlep']);
  expect(await unknown.exited).toBe(2);
  expect(unknown.output.text).toContain('--help');
});

it("prints the administrator's token at its first start only, and keeps what it was told", async () => {
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'something longer than a token, which must not survive'.repeat(3), {
    mode: 0o644,
  });
  const first = manager({ OPENDVS_ADMIN_TOKEN_FILE: tokenFile });
  const url = await ready(first);
  const token = /odvs_[0-9a-f]{32}_[A-Za-z0-9_-]{43}/.exec(first.output.text)?.[0];
  expect(token).toBeDefined();
  expect(readFileSync(tokenFile, 'utf8')).toBe(`${token}\n`);
  expect(statSync(tokenFile).mode & 0o777).toBe(0o600);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const created = await fetch(`${url}/api/v1/switches`, { method: 'POST', headers, body: '{"name":"kept"}' });
  expect(created.status).toBe(201);
  first.child.kill('SIGTERM');
  expect(await first.exited).toBe(0);

  const second = manager({ OPENDVS_ADMIN_TOKEN_FILE: tokenFile });
  const again = await ready(second);
  expect(second.output.text).not.toContain('odvs_');
  const list = (await (await fetch(`${again}/api/v1/switches`, { headers })).json()) as { items: unknown[] };
  expect(list.items).toMatchObject([{ name: 'kept' }]);
  second.child.kill('SIGINT');
  expect(await second.exited).toBe(0);
});
