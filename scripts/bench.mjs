// npm run bench [-- --json FILE] [-- --only wire,burst,edit,restart,throughput]: makes the machine ready, builds and measures.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const run = (...args) => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};
if (process.argv.includes('--help')) {
  console.log(`Usage: npm run bench [-- --json FILE] [-- --only SECTION,…]
Measures on real OVS-DPDK, all in one run: wire, burst, edit, restart, throughput. Needs root and 2 GiB of hugepages.`);
  process.exit(0);
}
run('scripts/provision.mjs', 'test');
run('scripts/build.mjs');
run('--enable-source-maps', join('dist', 'test', 'bench', 'src', 'main.js'), ...process.argv.slice(2));
