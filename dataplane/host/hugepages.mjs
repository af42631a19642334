// Hugepages of 2 MiB: asked of the kernel in addition to those that are in use; never taken from anybody.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { run } from './commands.mjs';

const POOL = '/sys/kernel/mm/hugepages/hugepages-2048kB';
const MOUNT_POINT = '/dev/hugepages';
export const HUGEPAGE_MIB = 2;

/** @returns {{ total: number, free: number } | null} null: this kernel has no 2 MiB pages */
export function readHugepages() {
  const read = (name) => Number(readFileSync(`${POOL}/${name}`, 'utf8'));
  try {
    return { total: read('nr_hugepages'), free: read('free_hugepages') - read('resv_hugepages') };
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** How many pages the pool must have in all so that `mib` are free; null when they are already. */
export function hugepagesToReserve(mib) {
  const pool = readHugepages();
  if (!pool) throw new Error('this kernel has no hugepages of 2 MiB');
  const lacking = Math.ceil(mib / HUGEPAGE_MIB) - pool.free;
  return lacking > 0 ? pool.total + lacking : null;
}

export const reserveCommand = (total) => `echo ${total} > ${POOL}/nr_hugepages`;

/** @returns {{ before: number, after: number }} pages of the pool */
export function reserveHugepages(mib) {
  const before = readHugepages()?.total ?? 0;
  const total = hugepagesToReserve(mib);
  if (total === null) return { before, after: before };
  writeFileSync(`${POOL}/nr_hugepages`, `${total}`);
  const { total: after } = readHugepages();
  if (after < total) {
    returnHugepages({ before, after });
    throw new Error(
      `the kernel gave ${after - before} of ${total - before} hugepages: free some memory (${mib} MiB are needed), or reboot`,
    );
  }
  return { before, after };
}

/** Gives back what {@link reserveHugepages} took, as far as nobody else has changed the pool since. */
export function returnHugepages({ before, after }) {
  if (before === after || readHugepages().total !== after) return false;
  writeFileSync(`${POOL}/nr_hugepages`, `${before}`);
  return true;
}

export function isHugetlbfsMounted() {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[1] === MOUNT_POINT);
}

export const mountCommand = () => `mount -t hugetlbfs hugetlbfs ${MOUNT_POINT}`;

export async function mountHugetlbfs() {
  mkdirSync(MOUNT_POINT, { recursive: true });
  await run('mount', ['-t', 'hugetlbfs', '-o', 'pagesize=2M', 'hugetlbfs', MOUNT_POINT]);
}
