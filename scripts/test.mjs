// npm test: provisions what is missing, builds, and runs every test: unit, then integration, then end-to-end. Plain Node, as it runs before npm ci.
// A spec that can't run on every machine says so in its first comment, `@needs root hugepages`; where that is missing it is skipped, by name and with
// the reason, and with CI=true that is a failure. The last line is "N passed, N failed", with ", N skipped" when there are such.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { returnHugepages } from '../dataplane/host/hugepages.mjs';
import { createProgress } from '../dataplane/host/progress.mjs';
import { PROFILES, findMissing, provideNodeModules, provision } from '../dataplane/host/provision.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Each waits for the one before: they share the machine's cores, hugepages and libvirt. */
const PROJECTS = [
  { name: 'unit', serial: false },
  { name: 'integration', serial: true },
  { name: 'e2e', serial: true },
];

/** What this machine can't give to tests, by the names that specs use. */
function findUnmetNeeds() {
  const missing = findMissing(PROFILES.test).map(({ what }) => what);
  return {
    root: process.getuid() === 0 ? null : 'not run as root',
    hugepages: missing.length > 0 ? `this machine lacks ${missing.join('; ')}` : null,
  };
}

function* specFiles(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && entry.name.endsWith('.spec.ts'))
      yield join(entry.parentPath ?? entry.path, entry.name);
  }
}

function needsOf(file) {
  const comment = /^\s*\/\*\*(.*?)\*\//s.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
  return (/@needs\s+([a-z ]+)/.exec(comment)?.[1] ?? '').trim().split(/\s+/).filter(Boolean);
}

/** @returns {{ file: string, reason: string }[]} */
function findSkipped(unmet) {
  return [...specFiles(join(root, 'test'))].flatMap((file) => {
    const reasons = needsOf(file).map((need) => {
      if (!(need in unmet)) throw new Error(`${file} needs "${need}", which scripts/test.mjs doesn't know`);
      return unmet[need];
    });
    const unmetReasons = reasons.filter((reason) => reason !== null);
    return unmetReasons.length > 0 ? [{ file, reason: unmetReasons.join(', and ') }] : [];
  });
}

function runProject({ name, serial }, skipped, folder, jestArgs) {
  const resultFile = join(folder, `${name}.json`);
  const ignored = skipped.flatMap(({ file }) => [
    '--testPathIgnorePatterns',
    `${file.replace(/[.+()[\]]/g, '\\$&')}$`,
  ]);
  const args = [
    '--selectProjects',
    name,
    '--passWithNoTests',
    '--json',
    `--outputFile=${resultFile}`,
    ...(serial ? ['--runInBand'] : []),
    ...ignored,
    ...jestArgs,
  ];
  spawnSync(process.execPath, [join(root, 'node_modules/jest/bin/jest.js'), ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (!existsSync(resultFile)) return { passed: 0, failed: 1, skipped: 0 }; // jest itself failed, and has said why
  const result = JSON.parse(readFileSync(resultFile, 'utf8'));
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

async function main() {
  const progress = createProgress();
  const isRoot = process.getuid() === 0;
  let hugepages = { before: 0, after: 0 };
  if (isRoot) ({ hugepages } = await provision({ profile: PROFILES.test, root, progress }));
  else await provideNodeModules(root, progress);
  await progress.step('Build', () => import('./build.mjs'));
  const skipped = findSkipped(findUnmetNeeds());
  for (const { file, reason } of skipped) progress.print(`SKIPPED ${file.slice(root.length + 1)}: ${reason}`);
  const folder = mkdtempSync(join(tmpdir(), 'opendvs-test-'));
  const results = PROJECTS.map((project) => runProject(project, skipped, folder, process.argv.slice(2)));
  rmSync(folder, { recursive: true });
  if (returnHugepages(hugepages))
    progress.print(`Gave the hugepages back: ${hugepages.after} → ${hugepages.before}`);
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  const [passed, failed, skippedCount] = [sum('passed'), sum('failed'), sum('skipped') + skipped.length];
  const isFailure = failed > 0 || passed === 0 || (process.env.CI === 'true' && skipped.length > 0);
  if (failed === 0 && isFailure)
    progress.print(passed === 0 ? 'No test ran.' : 'With CI=true nothing may be skipped.');
  progress.print(`${passed} passed, ${failed} failed${skippedCount > 0 ? `, ${skippedCount} skipped` : ''}`);
  return isFailure ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error.message);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
