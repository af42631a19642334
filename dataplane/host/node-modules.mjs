// Is node_modules what package-lock.json says? npm's own record of it, node_modules/.package-lock.json, tells without running npm.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './commands.mjs';

/** @returns {boolean} optional packages may be missing: they are for other machines */
export function areNodeModulesCurrent(root) {
  const installedFile = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const installed = packagesOf(installedFile);
  return Object.entries(packagesOf(join(root, 'package-lock.json'))).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    return found
      ? found.version === wanted.version && existsSync(join(root, path))
      : Boolean(wanted.optional);
  });
}

/** @param {(line: string) => void} onLine */
export async function installNodeModules(root, onLine) {
  await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, onLine });
}
