import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkDpdkPrerequisites, OvsPrerequisiteError, type DpdkSettings } from './prerequisites';

const SETTINGS: DpdkSettings = { lcoreMask: '0x1', pmdCpuMask: '0x2', socketMemMib: 512, extra: '--no-pci' };
const PLUGINS = 'usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0';
const FREE_PAGES = 'sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages';

describe('checkDpdkPrerequisites', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'opendvs-root-'));
    put(`${PLUGINS}/librte_mempool_ring.so.23`, '');
    put(FREE_PAGES, '256\n');
    put('proc/mounts', 'hugetlbfs /dev/hugepages hugetlbfs rw 0 0\n');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const put = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  const problems = (settings: DpdkSettings): readonly string[] => {
    try {
      checkDpdkPrerequisites(settings, root);
      return [];
    } catch (error) {
      return (error as OvsPrerequisiteError).problems;
    }
  };

  it('accepts a machine that has all', () => {
    expect(problems(SETTINGS)).toEqual([]);
  });

  it('names the package when the memory pool plug-in is missing among the others', () => {
    rmSync(join(root, PLUGINS, 'librte_mempool_ring.so.23'));
    put(`${PLUGINS}/librte_net_vhost.so.23`, '');
    expect(problems(SETTINGS)).toEqual([expect.stringContaining('apt-get install librte-meta-mempool')]);
  });

  it('accepts a statically linked DPDK, which has no plug-in folder', () => {
    rmSync(join(root, 'usr'), { recursive: true });
    expect(problems(SETTINGS)).toEqual([]);
  });

  it('says how many hugepages are missing, over all NUMA nodes asked for', () => {
    expect(problems({ ...SETTINGS, socketMemMib: [512, 512] })).toEqual([
      expect.stringMatching(/^1024 MiB of free hugepages are needed, there are 512: reserve 256 more pages/),
    ]);
  });

  it('wants hugetlbfs only where DPDK is told to use files', () => {
    put('proc/mounts', 'proc /proc proc rw 0 0\n');
    expect(problems(SETTINGS)).toEqual([]);
    expect(problems({ ...SETTINGS, extra: '--legacy-mem' })).toEqual([
      expect.stringContaining('mount -t hugetlbfs'),
    ]);
  });

  it('tells all problems at once', () => {
    put(FREE_PAGES, '0\n');
    rmSync(join(root, PLUGINS, 'librte_mempool_ring.so.23'));
    expect(problems(SETTINGS)).toHaveLength(2);
  });
});
