/** @needs root */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureVhostSocketDir } from '../../apps/host-agent/src/host/vhost-socket-dir';

// Any user but root will do for QEMU's; these are on every Debian.
const [user, group, other] = ['games', 'games', 'daemon'] as const;

let base: string;
let path: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'opendvs-sockets-'));
  await chmod(base, 0o755);
  path = join(base, 'run/vhost');
});
afterEach(() => rm(base, { recursive: true }));

/** Creates a file in the folder as that user. */
async function create(as: string): Promise<'created' | 'refused'> {
  const run = promisify(execFile)('setpriv', [
    `--reuid=${as}`,
    `--regid=${as}`,
    '--clear-groups',
    'touch',
    join(path, as),
  ]);
  return run.then(
    () => 'created',
    () => 'refused',
  );
}

describe('the folder of the vhost-user sockets', () => {
  it("is made so that QEMU's user can create sockets in it and others can't", async () => {
    await ensureVhostSocketDir({ path, user, group });
    expect((await stat(path)).mode & 0o7777).toBe(0o750);
    expect(await create(user)).toBe('created');
    expect(await create(other)).toBe('refused');
  });

  it('is put right when its owner or mode is wrong, and left alone when not', async () => {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o777);
    await ensureVhostSocketDir({ path, user, group });
    expect(await create(other)).toBe('refused');
    const { ctimeMs } = await stat(path);
    await ensureVhostSocketDir({ path, user, group });
    expect((await stat(path)).ctimeMs).toBe(ctimeMs);
  });

  it('may be given to numbers instead of names', async () => {
    await ensureVhostSocketDir({ path, user: '12345', group: '23456' });
    expect(await stat(path)).toMatchObject({ uid: 12345, gid: 23456 });
  });

  it.each([
    [
      'user',
      { user: 'nobody-has-this-name', group },
      /there is no user nobody-has-this-name.*OPENDVS_VHOST_SOCKET_USER/,
    ],
    [
      'group',
      { user, group: 'nobody-has-this-name' },
      /there is no group nobody-has-this-name.*OPENDVS_VHOST_SOCKET_GROUP/,
    ],
  ])('is refused for an unknown %s, with the remedy', async (_what, accounts, reason) => {
    await expect(ensureVhostSocketDir({ path, ...accounts })).rejects.toThrow(reason);
  });

  it('is refused where a file or a link is in its place: a link could lead anywhere', async () => {
    await mkdir(join(base, 'run'));
    await writeFile(path, '');
    await expect(ensureVhostSocketDir({ path, user, group })).rejects.toThrow(/is not a folder: remove it/);
    await rm(path);
    await symlink(base, path);
    await expect(ensureVhostSocketDir({ path, user, group })).rejects.toThrow(/is not a folder: remove it/);
    expect((await stat(base)).uid).toBe(0);
  });
});
