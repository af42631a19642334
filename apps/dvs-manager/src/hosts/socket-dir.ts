import { SOCKET_PATH_BYTES_MAX, vhostSocketPath } from '@opendvs/model';

/** Any id: all are of one length. */
const SOME_PORT = '00000000-0000-4000-8000-000000000000';

/** Why a folder can't hold vhost-user sockets, or null when it can. */
export function socketDirReason(dir: string): string | null {
  const socketBytes = Buffer.byteLength(vhostSocketPath(dir, SOME_PORT));
  if (socketBytes > SOCKET_PATH_BYTES_MAX) {
    return `socket paths in it would have ${socketBytes} bytes, and a unix socket's path has at most ${SOCKET_PATH_BYTES_MAX}: choose a folder with a path shorter by ${socketBytes - SOCKET_PATH_BYTES_MAX}`;
  }
  if (!/^\/[A-Za-z0-9._/-]+$/.test(dir)) return 'must be an absolute path of letters, digits and . _ - /';
  if (dir.split('/').some((part, index) => index > 0 && (part === '' || part === '.' || part === '..'))) {
    return 'must not have empty parts, "." or ".." in it, nor end with "/"';
  }
  return null;
}
