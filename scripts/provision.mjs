// Makes this machine ready: node scripts/provision.mjs [sim|quickstart|test]   (default test: everything)
// Plain Node, as it runs before npm ci. Needs root for what is missing; without root it says what to run.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProgress } from '../dataplane/host/progress.mjs';
import { PROFILES, findMissing, provision } from '../dataplane/host/provision.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const name = process.argv[2] ?? 'test';
const profile = PROFILES[name];
if (!profile) {
  console.error(`unknown profile "${name}"; there are ${Object.keys(PROFILES).join(', ')}`);
  process.exit(2);
}
const missing = process.getuid() === 0 ? [] : findMissing(profile);
if (missing.length > 0) {
  console.error(`For "${name}" this machine lacks:`);
  for (const { what } of missing) console.error(`  - ${what}`);
  console.error(`Run "sudo node scripts/provision.mjs ${name}", or as root:`);
  for (const { remedy } of missing) console.error(`  ${remedy}`);
  process.exit(1);
}
const progress = createProgress();
try {
  const { hugepages } = await provision({ profile, root, progress });
  if (hugepages.after > hugepages.before) {
    progress.print(`  To give the hugepages back: echo ${hugepages.before} > /proc/sys/vm/nr_hugepages`);
  }
} catch {
  process.exitCode = 1; // the step has said why
}
