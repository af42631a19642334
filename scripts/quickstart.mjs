// npm run quickstart [-- OPTIONS]: from nothing to two virtual machines talking over OVS-DPDK. Plain Node: it runs before npm ci.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { returnHugepages } from '../dataplane/host/hugepages.mjs';
import { createProgress } from '../dataplane/host/progress.mjs';
import { PROFILES, provision } from '../dataplane/host/provision.mjs';

const USAGE = `Usage: npm run quickstart [-- OPTIONS]

Installs what is missing on this Debian 12 machine, starts a whole OpenDVS on it (PostgreSQL, NATS, OVS-DPDK, manager, agent), and shows it at
work with three VMs. Stays up until Ctrl-C, which stops and removes everything but the installed packages.

  --exit         end after the demonstration; the exit code says whether all of it held
  --sim[=HOSTS]  without root, hugepages, Open vSwitch or VMs: HOSTS (default 1, at most 50) simulated hosts
  --help
`;

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @returns {{ exit: boolean, simulatedHosts: number | null }} or null after a mistake, which has been told */
function readOptions() {
  // parseArgs has no options with an optional value
  const args = process.argv.slice(2).map((arg) => (arg === '--sim' ? '--sim=1' : arg));
  try {
    const { values } = parseArgs({
      args,
      options: { exit: { type: 'boolean' }, sim: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return null;
    }
    if (values.sim !== undefined && !/^([1-9]|[1-4]\d|50)$/.test(values.sim))
      throw new Error(`--sim=${values.sim}: a number of hosts from 1 to 50 is expected`);
    return {
      exit: values.exit ?? false,
      simulatedHosts: values.sim === undefined ? null : Number(values.sim),
    };
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
    return null;
  }
}

/** The first Ctrl-C ends in order, the second at once: what is left then is cleared away by the next run. */
function interruptions(progress) {
  const interrupted = new AbortController();
  const interrupt = (signal) => {
    if (interrupted.signal.aborted) process.exit(130);
    progress.print(
      `\n${signal}: stopping. Once more ends at once, and leaves the VMs to the next run to clear away.`,
    );
    interrupted.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, interrupt);
  return interrupted.signal;
}

async function main({ exit, simulatedHosts }) {
  const progress = createProgress();
  const isReal = simulatedHosts === null;
  if (!isReal)
    progress.print(
      'SIMULATION: hosts, dataplane and VMs are made up; no packet is forwarded. Without --sim it is all real.\n',
    );
  if (isReal && process.getuid() !== 0) {
    throw new Error(
      'OVS-DPDK and libvirt need root: run "sudo npm run quickstart". Without root there is a simulation: npm run quickstart -- --sim',
    );
  }
  const { hugepages } = await provision({
    profile: isReal ? PROFILES.quickstart : PROFILES.sim,
    root,
    progress,
  });
  await progress.step('Build', async () => {
    await import('./build.mjs');
  });
  const { quickstart } = createRequire(import.meta.url)('../dist/deploy/quickstart/src/quickstart.js');
  const interrupted = interruptions(progress);
  try {
    const succeeded = await quickstart({ simulatedHosts, exitAtEnd: exit, progress, interrupted });
    process.exitCode = succeeded ? 0 : interrupted.aborted ? 130 : 1;
  } finally {
    if (isReal && returnHugepages(hugepages))
      progress.print(`  Gave the hugepages back: ${hugepages.after} → ${hugepages.before}`);
  }
}

const options = readOptions();
if (options) {
  await main(options).catch((error) => {
    process.stderr.write(`quickstart: ${error.message}\n`);
    process.exitCode = 1;
  });
}
