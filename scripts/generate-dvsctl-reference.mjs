// Writes docs/reference/dvsctl.md from the commands' own help. Compile first: npm run build
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const { buildProgram } = require(join(root, 'dist/apps/dvsctl/src/program.js'));
const { renderReference } = require(join(root, 'dist/apps/dvsctl/src/reference.js'));

const nobody = {
  env: {},
  homeDir: '/',
  stdin: process.stdin,
  out: () => {},
  err: () => {},
  isInteractive: false,
};
const target = join(root, 'docs/reference/dvsctl.md');
mkdirSync(dirname(target), { recursive: true });
writeFileSync(
  target,
  renderReference(buildProgram({ ...nobody, interrupted: new AbortController().signal })),
);
console.log(`wrote ${target}`);
