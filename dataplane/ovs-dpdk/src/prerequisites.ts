/**
 * What OVS-DPDK needs of the machine and fails without in ways that are hard to read: DPDK's plug-ins, hugepages and where they
 * are mounted. Checked before the start, each with its remedy.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How DPDK is set up in one instance. */
export interface DpdkSettings {
  /** Cores of DPDK's own threads, as a hexadecimal mask: `0x1`. */
  lcoreMask: string;
  /** Cores that poll, one thread each: `0x2`. */
  pmdCpuMask: string;
  /** Hugepage memory to take at the start, in MiB: of the only NUMA node, or of each. */
  socketMemMib: number | readonly number[];
  /** More arguments of DPDK, such as `--no-pci`. */
  extra: string;
}

export class OvsPrerequisiteError extends Error {
  override readonly name = 'OvsPrerequisiteError';

  constructor(readonly problems: readonly string[]) {
    super(`OVS-DPDK cannot start on this machine:\n${problems.map((p) => `- ${p}`).join('\n')}`);
  }
}

/** @throws OvsPrerequisiteError with all that is missing. `root` is where the machine's file system begins. */
export function checkDpdkPrerequisites(settings: DpdkSettings, root = '/'): void {
  const problems = [
    pluginProblem(root),
    hugepageProblem(settings, root),
    mountProblem(settings, root),
  ].filter((p) => p !== null);
  if (problems.length > 0) throw new OvsPrerequisiteError(problems);
}

export function socketMemTotalMib({ socketMemMib }: DpdkSettings): number {
  return typeof socketMemMib === 'number' ? socketMemMib : socketMemMib.reduce((sum, mib) => sum + mib, 0);
}

/**
 * Without the default memory pool OVS starts, accepts vhost ports, and loses each at the moment a VM connects. A DPDK without any
 * plug-in folder is linked statically and has all it was built with.
 */
function pluginProblem(root: string): string | null {
  const folders = pluginFolders(root);
  const hasPool = folders.some((folder) =>
    entries(folder).some((file) => file.startsWith('librte_mempool_ring.so')),
  );
  if (folders.length === 0 || hasPool) return null;
  return `DPDK's memory pool plug-in (librte_mempool_ring) is not in ${folders.join(', ')}: apt-get install librte-meta-mempool`;
}

function pluginFolders(root: string): string[] {
  const libraries = ['usr/lib', 'usr/lib64', 'usr/local/lib'].map((folder) => join(root, folder));
  const places = libraries.flatMap((folder) => [
    folder,
    ...entries(folder).map((name) => join(folder, name)),
  ]);
  return places.flatMap((place) =>
    entries(join(place, 'dpdk'))
      .filter((name) => name.startsWith('pmds-'))
      .map((name) => join(place, 'dpdk', name)),
  );
}

function hugepageProblem(settings: DpdkSettings, root: string): string | null {
  const wantedMib = socketMemTotalMib(settings);
  const pools = join(root, 'sys/kernel/mm/hugepages');
  const freeMib = entries(pools).reduce((sum, pool) => {
    const pageKib = Number(/^hugepages-(\d+)kB$/.exec(pool)?.[1] ?? 0);
    return sum + (pageKib * readNumber(join(pools, pool, 'free_hugepages'))) / 1024;
  }, 0);
  if (freeMib >= wantedMib) return null;
  const pages = Math.ceil((wantedMib - freeMib) / 2);
  return (
    `${wantedMib} MiB of free hugepages are needed, there are ${Math.floor(freeMib)}: reserve ${pages} more pages of 2 MiB, ` +
    `echo $(($(cat /proc/sys/vm/nr_hugepages) + ${pages})) > /proc/sys/vm/nr_hugepages, or stop what holds them`
  );
}

/**
 * Since 2.18 Open vSwitch has DPDK ask the kernel for anonymous hugepages (`--in-memory`), which needs no file system; only
 * `--legacy-mem` does. QEMU needs one for its guests, but that isn't asked here.
 */
function mountProblem({ extra }: DpdkSettings, root: string): string | null {
  if (!/(^|\s)--legacy-mem(\s|$)/.test(extra)) return null;
  const isMounted = readText(join(root, 'proc/mounts'))
    .split('\n')
    .some((line) => line.split(' ')[2] === 'hugetlbfs');
  return isMounted
    ? null
    : 'no hugetlbfs is mounted: mkdir -p /dev/hugepages && mount -t hugetlbfs hugetlbfs /dev/hugepages';
}

/** What a folder holds; a folder that isn't there holds nothing. */
function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return '';
    throw error;
  }
}

function readNumber(file: string): number {
  return Number(readText(file).trim() || 0);
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
