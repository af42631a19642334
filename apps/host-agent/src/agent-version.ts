import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Version of the product: that of the nearest package.json named "opendvs" above this file, compiled or not. */
export function agentVersion(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const found = readPackage(join(folder, 'package.json'));
    if (found?.name === 'opendvs') return found.version ?? 'unknown';
  }
  return 'unknown';
}

function readPackage(path: string): { name?: string; version?: string } | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
