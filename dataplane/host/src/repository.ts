import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Top folder of this checkout, the same for code that runs from its sources (tests) and for code compiled to dist/: files that are not
 * TypeScript stay in the source tree.
 */
export function repositoryRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder)) throw new Error(`no package.json in ${__dirname} or above`);
    folder = dirname(folder);
  }
  return folder;
}
