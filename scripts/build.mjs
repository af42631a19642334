// Compiles apps, libs, deploy, dataplane, test and scripts to dist/ with SWC, rewriting the @opendvs/* aliases to relative
// requires. Types are checked apart (`npm run typecheck`). Skips files whose output is newer than the source, so that
// a second quickstart starts in seconds. Usage: node scripts/build.mjs [--clean]
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformFile } from '@swc/core';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'dist');
const sources = ['apps', 'libs', 'deploy', 'dataplane', 'test', 'scripts'];

export const swcOptions = {
  cwd: root,
  swcrc: false,
  sourceMaps: true,
  module: { type: 'commonjs', ignoreDynamic: true },
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    keepClassNames: true,
    baseUrl: root,
    paths: { '@opendvs/*': [join(root, 'libs/*/src/index.ts')] },
  },
};

function* sourceFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules') yield* sourceFiles(path);
    else if (
      extname(entry.name) === '.ts' &&
      !entry.name.endsWith('.d.ts') &&
      !entry.name.endsWith('.spec.ts')
    )
      yield path;
  }
}

if (process.argv.includes('--clean')) rmSync(out, { recursive: true, force: true });
const own = statSync(fileURLToPath(import.meta.url)).mtimeMs;
let compiled = 0;
for (const folder of sources) {
  if (!existsSync(join(root, folder))) continue;
  for (const file of sourceFiles(join(root, folder))) {
    const target = join(out, relative(root, file)).replace(/\.ts$/, '.js');
    if (existsSync(target) && statSync(target).mtimeMs > Math.max(statSync(file).mtimeMs, own)) continue;
    const { code, map } = await transformFile(file, swcOptions);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(`${target}.map`, map ?? '{}');
    writeFileSync(target, `${code}\n//# sourceMappingURL=${target.split('/').pop()}.map\n`);
    compiled += 1;
  }
}
if (process.argv.includes('--verbose')) console.log(`build: ${compiled} files compiled to dist/`);
