/**
 * Makes a machine ready for OpenDVS: packages, npm modules, hugepages. Checks first, changes only what is missing, says what it
 * did; the second time there is nothing to do. For Debian 12, with or without systemd.
 */
import { accessSync, constants } from 'node:fs';
import {
  BUS_PACKAGES,
  DATAPLANE_PACKAGES,
  GUEST_PACKAGES,
  TEST_PACKAGES,
  installCommand,
  installPackages,
  missingPackages,
} from './packages.mjs';
import {
  hugepagesToReserve,
  isHugetlbfsMounted,
  mountCommand,
  mountHugetlbfs,
  readHugepages,
  reserveCommand,
  reserveHugepages,
} from './hugepages.mjs';
import { areNodeModulesCurrent, installNodeModules } from './node-modules.mjs';

/**
 * What a machine is made ready for. `hugepagesMib`: that many must be free.
 * quickstart: 512 MiB for the switch, three guests of 96; tests: two switches or traffic generators more.
 */
export const PROFILES = {
  sim: { packages: BUS_PACKAGES, hugepagesMib: 0 },
  quickstart: { packages: [...BUS_PACKAGES, ...DATAPLANE_PACKAGES, ...GUEST_PACKAGES], hugepagesMib: 864 },
  test: {
    packages: [...BUS_PACKAGES, ...DATAPLANE_PACKAGES, ...GUEST_PACKAGES, ...TEST_PACKAGES],
    hugepagesMib: 2048,
  },
};

/** What is missing, each with the command that brings it, as root. Empty: the machine is ready. Changes nothing. */
export function findMissing(profile) {
  const { packages, hugepagesMib } = profile;
  const missing = [];
  const absent = missingPackages(packages);
  if (absent.length > 0)
    missing.push({ what: `packages ${absent.join(', ')}`, remedy: installCommand(absent) });
  if (hugepagesMib === 0) return missing;
  if (!readHugepages()) {
    missing.push({
      what: 'hugepages of 2 MiB: this kernel has none',
      remedy: 'boot a kernel with CONFIG_HUGETLBFS',
    });
    return missing;
  }
  const total = hugepagesToReserve(hugepagesMib);
  if (total !== null)
    missing.push({ what: `${hugepagesMib} MiB of free hugepages`, remedy: reserveCommand(total) });
  if (!isHugetlbfsMounted())
    missing.push({
      what: 'hugetlbfs on /dev/hugepages',
      remedy: `mkdir -p /dev/hugepages && ${mountCommand()}`,
    });
  if (!isTunUsable())
    missing.push({
      what: '/dev/net/tun',
      remedy: 'modprobe tun; in a container, pass the device in (--device /dev/net/tun)',
    });
  return missing;
}

/**
 * @param {{ profile: { packages: string[], hugepagesMib: number }, root: string, progress: ReturnType<import('./progress.mjs').createProgress> }} options
 * @returns {Promise<{ hugepages: { before: number, after: number } }>} what was reserved, to be given back by returnHugepages
 * @throws Error naming what couldn't be had and what to do
 */
export async function provision({ profile, root, progress }) {
  await progress.step('Debian packages', (tell) => providePackages(profile.packages, tell));
  await provideNodeModules(root, progress);
  if (profile.hugepagesMib === 0) return { hugepages: { before: 0, after: 0 } };
  const hugepages = await progress.step('Hugepages', (tell) => provideHugepages(profile.hugepagesMib, tell));
  if (!isTunUsable())
    throw new Error(
      '/dev/net/tun is missing: modprobe tun; in a container, pass the device in (--device /dev/net/tun)',
    );
  return { hugepages };
}

export async function provideNodeModules(root, progress) {
  await progress.step('npm packages', async (tell) => {
    if (areNodeModulesCurrent(root)) return tell('as package-lock.json says');
    await installNodeModules(root, tell);
    tell('installed by npm ci');
  });
}

async function providePackages(names, tell) {
  const absent = missingPackages(names);
  if (absent.length === 0) return tell(`all ${names.length} are installed`);
  if (process.getuid() !== 0)
    throw new Error(`${absent.join(', ')} are missing; as root: ${installCommand(absent)}`);
  const stopped = await installPackages(absent, tell);
  const note =
    stopped.length > 0
      ? `; stopped and disabled the services that came with them: ${stopped.join(', ')}`
      : '';
  tell(`installed ${absent.join(', ')}${note}`);
}

async function provideHugepages(mib, tell) {
  const total = hugepagesToReserve(mib);
  if (process.getuid() !== 0 && (total !== null || !isHugetlbfsMounted())) {
    const commands = [
      ...(total === null ? [] : [reserveCommand(total)]),
      ...(isHugetlbfsMounted() ? [] : [mountCommand()]),
    ];
    throw new Error(`${mib} MiB of hugepages are needed; as root: ${commands.join(' && ')}`);
  }
  const hugepages = reserveHugepages(mib);
  const mounted = isHugetlbfsMounted();
  if (!mounted) await mountHugetlbfs();
  const raised =
    hugepages.after > hugepages.before
      ? `raised from ${hugepages.before} to ${hugepages.after}`
      : `${hugepages.after} reserved`;
  tell(
    `${raised}, ${readHugepages().free} of 2 MiB free${mounted ? '' : ', hugetlbfs mounted on /dev/hugepages'}`,
  );
  return hugepages;
}

function isTunUsable() {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false; // whether it is there is the question
  }
}
