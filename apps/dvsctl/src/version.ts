/** Of the whole product: the manager, the agent and this command are released together. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const VERSION = readVersion();

function readVersion(): string {
  for (const up of ['../../..', '../../../..']) {
    const path = join(__dirname, up, 'package.json'); // from the sources, and from dist/
    try {
      return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return 'unknown';
}
