/**
 * What a test guest boots: Debian's cloud kernel, unpacked and never installed, and an initramfs of busybox, the virtio modules and the
 * two programs beside this file. Made once and kept in a cache; made anew when a part of it changes. Needs gcc, libc6-dev and
 * busybox-static, and for the kernel, once, a Debian mirror.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../host/src/repository';
import { buildArchive, type ArchiveEntry } from './cpio';

const run = promisify(execFile);

export interface GuestImage {
  kernelFile: string;
  initramfsFile: string;
}

/** In the order they are loaded: each needs those before it. */
const KERNEL_MODULES = [
  ...['virtio_ring', 'virtio', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci'],
  ...['failover', 'net_failover', 'virtio_net'],
  ...['llc', 'stp', 'garp', 'mrp', '8021q'],
];
const PROGRAMS = ['frames', 'control'];
const KERNEL_PACKAGE = 'linux-image-cloud-amd64';
const BUSYBOX = '/bin/busybox';

/**
 * QEMU runs as a user of its own and must be able to read the image: root's cache is therefore not below /root.
 */
export function defaultCacheDir(): string {
  if (process.getuid?.() === 0) return '/var/cache/opendvs';
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'opendvs');
}

/** @throws Error saying what is missing. Two callers at once are fine: files appear whole, by renaming. */
export async function ensureGuestImage(cacheDir = defaultCacheDir()): Promise<GuestImage> {
  const sources = join(repositoryRoot(), 'dataplane/guest/src');
  mkdirSync(cacheDir, { recursive: true, mode: 0o755 });
  const kernelDir = await ensureKernel(cacheDir);
  const inputs = [...PROGRAMS.map((name) => join(sources, `${name}.c`)), join(sources, 'init.sh'), BUSYBOX];
  const hash = createHash('sha256').update(KERNEL_MODULES.join());
  for (const file of [...inputs, join(kernelDir, 'vmlinuz')]) hash.update(readFileSync(file));
  const initramfsFile = join(cacheDir, `initramfs-${hash.digest('hex').slice(0, 16)}.cpio`);
  if (!existsSync(initramfsFile)) {
    await inWorkFolder(cacheDir, async (folder) => {
      const built = join(folder, 'initramfs.cpio');
      writeFileSync(built, buildArchive(await initramfsEntries(sources, kernelDir, folder)));
      renameSync(built, initramfsFile);
    });
  }
  return { kernelFile: join(kernelDir, 'vmlinuz'), initramfsFile };
}

async function initramfsEntries(
  sources: string,
  kernelDir: string,
  workFolder: string,
): Promise<ArchiveEntry[]> {
  const programs: ArchiveEntry[] = [];
  for (const name of PROGRAMS) {
    const binary = join(workFolder, name);
    await run('gcc', [
      '-static',
      '-O2',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-o',
      binary,
      join(sources, `${name}.c`),
    ]);
    programs.push({ path: `bin/${name}`, content: readFileSync(binary), isExecutable: true });
  }
  const modules = KERNEL_MODULES.map((name, index) => ({
    path: `lib/modules/${String(index).padStart(2, '0')}-${name}.ko`,
    content: readFileSync(join(kernelDir, `${name}.ko`)),
  }));
  return [
    ...['bin', 'lib', 'lib/modules', 'proc', 'sys', 'dev', 'run', 'tmp'].map((path) => ({
      path,
      content: null,
    })),
    { path: 'bin/busybox', content: readFileSync(BUSYBOX), isExecutable: true },
    { path: 'init', content: readFileSync(join(sources, 'init.sh')), isExecutable: true },
    ...programs,
    ...modules,
  ];
}

/** A kernel that is in the cache is used whatever its version: a second run needs no mirror. */
async function ensureKernel(cacheDir: string): Promise<string> {
  const kernelDir = join(cacheDir, 'kernel');
  if (existsSync(kernelDir)) return kernelDir;
  if (process.arch !== 'x64')
    throw new Error(`test guests exist for x86-64 only, this machine is ${process.arch}`);
  await inWorkFolder(cacheDir, async (folder) => {
    const packageFile = await downloadKernelPackage(folder);
    const tree = join(folder, 'tree');
    await run('dpkg', ['-x', packageFile, tree]);
    const partial = join(folder, 'kernel');
    mkdirSync(partial);
    renameSync(onlyFile(join(tree, 'boot'), /^vmlinuz-/), join(partial, 'vmlinuz'));
    const files = readdirSync(join(tree, 'lib/modules'), { recursive: true, encoding: 'utf8' });
    for (const name of KERNEL_MODULES) {
      const file = files.find((path) => basename(path) === `${name}.ko`);
      if (!file)
        throw new Error(`${basename(packageFile)} has no module ${name}.ko; the test guest needs it`);
      renameSync(join(tree, 'lib/modules', file), join(partial, `${name}.ko`));
    }
    if (!existsSync(kernelDir)) renameSync(partial, kernelDir);
  });
  return kernelDir;
}

async function downloadKernelPackage(folder: string): Promise<string> {
  try {
    await run('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', await kernelPackageName()], {
      cwd: folder,
    });
  } catch (error) {
    if (process.getuid?.() !== 0) throw withRemedy(error, 'run "apt-get update" as root, and try again');
    await run('apt-get', ['update']); // the lists are older than the mirror, or were never fetched
    await run('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', await kernelPackageName()], {
      cwd: folder,
    }).catch((again: unknown) => {
      throw withRemedy(again, 'check /etc/apt/sources.list and the network');
    });
  }
  return onlyFile(folder, /\.deb$/);
}

/** The package that everybody names is empty: it depends on the one with the kernel. */
async function kernelPackageName(): Promise<string> {
  const { stdout } = await run('apt-cache', ['depends', KERNEL_PACKAGE]);
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
  if (!name) throw new Error(`apt knows no package ${KERNEL_PACKAGE}`);
  return name;
}

function withRemedy(error: unknown, remedy: string): Error {
  return new Error(
    `the test guests' kernel (${KERNEL_PACKAGE}) could not be downloaded: ${remedy}; ${(error as Error).message}`,
    { cause: error },
  );
}

function onlyFile(folder: string, pattern: RegExp): string {
  const name = readdirSync(folder).find((file) => pattern.test(file));
  if (!name) throw new Error(`no file ${String(pattern)} in ${folder}`);
  return join(folder, name);
}

async function inWorkFolder(cacheDir: string, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(cacheDir, 'making-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
