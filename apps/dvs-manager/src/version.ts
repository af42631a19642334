import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Of the whole product, from its package.json. */
export const VERSION = readVersion(__dirname);

/** Looks upwards: the file lies at different heights above the source and above dist/. */
function readVersion(folder: string): string {
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
    };
    if (name === 'opendvs') return version;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const parent = dirname(folder);
  if (parent === folder) throw new Error('package.json of opendvs was not found above the program');
  return readVersion(parent);
}
