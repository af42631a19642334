/**
 * The folder of the vhost-user sockets. QEMU listens there as its own user and Open vSwitch, as root, connects: so it belongs to QEMU's user,
 * who can create sockets in it, and nobody else can (0750). Whoever could would take the place of a VM.
 */
import { execFile } from 'node:child_process';
import { chmod, chown, lstat, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { errorMessage } from '../error-message';

export const VHOST_SOCKET_DIR_MODE = 0o750;
const PARENT_MODE = 0o755;

export interface VhostSocketDirOptions {
  path: string;
  /** Name or number of QEMU's user. */
  user: string;
  group: string;
}

export class VhostSocketDirError extends Error {
  override readonly name = 'VhostSocketDirError';
}

/**
 * Makes the folder, or puts its owner and mode right. Idempotent; needs root.
 * @throws VhostSocketDirError saying what is wrong, where, and what to do
 */
export async function ensureVhostSocketDir({ path, user, group }: VhostSocketDirOptions): Promise<void> {
  const [uid, gid] = [await accountNumber('passwd', user), await accountNumber('group', group)];
  try {
    await mkdir(dirname(path), { recursive: true, mode: PARENT_MODE });
    await mkdir(path, { mode: VHOST_SOCKET_DIR_MODE }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    const found = await lstat(path);
    if (!found.isDirectory()) {
      throw new VhostSocketDirError(
        `${path} is not a folder: remove it, or set OPENDVS_VHOST_SOCKET_DIR to another place`,
      );
    }
    if (found.uid !== uid || found.gid !== gid) await chown(path, uid, gid);
    if ((found.mode & 0o7777) !== VHOST_SOCKET_DIR_MODE) await chmod(path, VHOST_SOCKET_DIR_MODE);
  } catch (error) {
    if (error instanceof VhostSocketDirError) throw error;
    throw new VhostSocketDirError(
      `the folder of the vhost-user sockets, ${path}, can't be made fit for ${user}:${group}: ` +
        `${errorMessage(error)}; the agent has to run as root for that`,
    );
  }
}

/** Asks the system's name service, so that accounts of a directory service count, too. */
async function accountNumber(database: 'passwd' | 'group', name: string): Promise<number> {
  if (/^\d+$/.test(name)) return Number(name);
  try {
    const { stdout } = await promisify(execFile)('getent', [database, name], { timeout: 5000 });
    const number = Number(stdout.split(':')[2]);
    if (Number.isInteger(number)) return number;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== 2)
      throw new VhostSocketDirError(`getent ${database} ${name} failed: ${(error as Error).message}`);
  }
  const [what, variable] =
    database === 'passwd' ? ['user', 'OPENDVS_VHOST_SOCKET_USER'] : ['group', 'OPENDVS_VHOST_SOCKET_GROUP'];
  throw new VhostSocketDirError(
    `there is no ${what} ${name} on this host: install QEMU and libvirt, or set ${variable} to the ${what} that QEMU runs as`,
  );
}
