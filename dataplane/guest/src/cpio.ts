/**
 * An initramfs is a cpio archive in the "newc" format (Linux, Documentation/driver-api/early-userspace/buffer-format.rst): for every
 * entry a header of hexadecimal numbers, its name and its content, each padded to four bytes.
 */

export interface ArchiveEntry {
  /** Without a leading slash; parents come before their children. */
  path: string;
  /** null: a directory. */
  content: Buffer | null;
  isExecutable?: boolean;
}

const DIRECTORY_MODE = 0o040755;
const FILE_MODE = 0o100644;
const EXECUTABLE_MODE = 0o100755;

export function buildArchive(entries: readonly ArchiveEntry[]): Buffer {
  const end: ArchiveEntry = { path: 'TRAILER!!!', content: Buffer.alloc(0) };
  return Buffer.concat([...entries, end].flatMap((entry, index) => encodeEntry(entry, index + 1)));
}

function encodeEntry(entry: ArchiveEntry, inode: number): Buffer[] {
  const content = entry.content ?? Buffer.alloc(0);
  const name = Buffer.from(`${entry.path}\0`);
  const links = 1;
  const [uid, gid, modifiedAt, major, minor, deviceMajor, deviceMinor, checksum] = [0, 0, 0, 0, 0, 0, 0, 0];
  const numbers = [
    ...[inode, modeOf(entry), uid, gid, links, modifiedAt, content.length],
    ...[major, minor, deviceMajor, deviceMinor, name.length, checksum],
  ];
  const head = Buffer.from(`070701${numbers.map((n) => n.toString(16).padStart(8, '0')).join('')}`);
  return [padded(Buffer.concat([head, name])), padded(content)];
}

function modeOf({ content, isExecutable }: ArchiveEntry): number {
  if (content === null) return DIRECTORY_MODE;
  return isExecutable ? EXECUTABLE_MODE : FILE_MODE;
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc(-data.length & 3)]);
}
