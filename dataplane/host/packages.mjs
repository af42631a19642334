// Debian packages that OpenDVS needs on a machine, and how they get there.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { run } from './commands.mjs';

/** NATS, when none is given by NATS_URL. */
export const BUS_PACKAGES = ['nats-server'];
/**
 * Open vSwitch with DPDK. DPDK finds its drivers as plug-ins at run time, so no dependency pulls them in: without the memory pool drivers
 * every vhost-user port vanishes as soon as a VM connects, without bus and net drivers there are no uplinks.
 */
export const DATAPLANE_PACKAGES = [
  'openvswitch-switch-dpdk',
  'librte-meta-mempool',
  'librte-meta-bus',
  'librte-meta-net',
  'iproute2',
];
/** libvirt and QEMU, and what the test guests' image is made of. */
export const GUEST_PACKAGES = [
  ...['libvirt-daemon-system', 'libvirt-clients', 'libvirt-daemon-driver-qemu', 'qemu-system-x86'],
  ...['busybox-static', 'gcc', 'libc6-dev'],
];
/** dpdk-testpmd and what tests look at packets with. */
export const TEST_PACKAGES = ['dpdk-dev', 'tcpdump'];

/** Packages whose service Debian starts with them, under the package's name: ours run with their own configuration, so these are only in the way. */
const PACKAGES_WITH_SERVICE = ['nats-server', 'openvswitch-switch'];

/** @returns {string[]} those that dpkg doesn't know as installed */
export function missingPackages(names) {
  const { stdout } = spawnSync(
    'dpkg-query',
    ['--show', '--showformat=${Package} ${db:Status-Status}\n', ...names],
    { encoding: 'utf8' },
  );
  if (stdout === null)
    throw new Error(
      'dpkg-query could not be run: provisioning knows Debian 12 only; install the packages by hand',
    );
  const installed = new Set(
    stdout.split('\n').flatMap((line) => (line.endsWith(' installed') ? [line.split(' ')[0]] : [])),
  );
  return names.filter((name) => !installed.has(name));
}

export const installCommand = (names) =>
  `apt-get update && apt-get install --no-install-recommends ${names.join(' ')}`;

/**
 * @param {(line: string) => void} onLine
 * @returns {Promise<string[]>} services that came with the packages, and were stopped and kept from starting at boot; those that were there before
 *   are left alone
 */
export async function installPackages(names, onLine) {
  const newServices = missingPackages(PACKAGES_WITH_SERVICE);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-o', 'DPkg::Lock::Timeout=120'];
  await run('apt-get', [...wait, 'update'], { env, onLine });
  await run('apt-get', [...wait, '--yes', '--no-install-recommends', 'install', ...names], { env, onLine });
  const stillMissing = missingPackages(newServices);
  return stopServices(newServices.filter((name) => !stillMissing.includes(name)));
}

async function stopServices(services) {
  if (services.length === 0 || !existsSync('/run/systemd/system')) return []; // without systemd the packages start nothing
  await run('systemctl', ['disable', '--now', ...services]);
  return services;
}
