/** The database file of an instance, and the rows of it that tell vswitchd how to set itself up. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import { column, defineDatabase, type OvsdbClient } from '@opendvs/ovsdb';
import {
  databaseFileOf,
  ovsdbToolFile,
  schemaFile,
  vswitchdFile,
  vswitchdLinkOf,
  type InstancePaths,
} from './commands';
import type { DpdkSettings } from './prerequisites';

const run = promisify(execFile);

/** The one row of table Open_vSwitch, as far as starting an instance concerns it. */
export const ENGINE_DATABASE = defineDatabase('Open_vSwitch', {
  Open_vSwitch: {
    other_config: column.map('string', 'string'),
    next_cfg: column.scalar('integer'),
    cur_cfg: column.scalar('integer'),
    ovs_version: column.optional('string'),
    dpdk_version: column.optional('string'),
    dpdk_initialized: column.scalar('boolean'),
  },
});
export type EngineTables = (typeof ENGINE_DATABASE)['tables'];

/**
 * Everything that the two daemons expect to find: the run directory, the database (made when there is none, brought to the
 * installed schema when it is older, else kept as it is), and which vswitchd to run.
 * @throws Error when Open vSwitch is not installed.
 */
export async function prepareInstance(paths: InstancePaths, withDpdk: boolean): Promise<void> {
  mkdirSync(paths.runDir, { recursive: true, mode: 0o755 });
  rmSync(vswitchdLinkOf(paths.runDir), { force: true });
  symlinkSync(vswitchdFile(withDpdk), vswitchdLinkOf(paths.runDir));
  const file = databaseFileOf(paths);
  if (!existsSync(file)) {
    await run(ovsdbToolFile(), ['create', file, schemaFile()]);
    return;
  }
  const { stdout } = await run(ovsdbToolFile(), ['needs-conversion', file, schemaFile()]);
  if (stdout.trim() === 'yes') await run(ovsdbToolFile(), ['convert', file, schemaFile()]);
}

export interface EngineSettings {
  /** `null`: no DPDK; bridges of the userspace datapath still work, over the kernel's devices. */
  dpdk: DpdkSettings | null;
  /** Longest nap of a polling thread that finds nothing to do, in microseconds; 0: it never sleeps. */
  pmdMaxSleepUs: number;
  /** More of `other_config`, as ovs-vswitchd.conf.db(5) has it. */
  otherConfig: Readonly<Record<string, string>>;
}

/**
 * Writes the settings and asks for a new `cur_cfg`, which vswitchd writes once it runs with them.
 * Settings of DPDK take effect when vswitchd starts.
 */
export async function configureEngine(
  client: OvsdbClient<EngineTables>,
  settings: EngineSettings,
): Promise<void> {
  const ovsVersion = await installedVersion();
  const otherConfig = otherConfigOf(settings);
  const transaction = client.begin();
  const rows = client.begin();
  const all = rows.select('Open_vSwitch', []);
  const existing = (await client.transact(rows)).rowsOf(all)[0];
  if (existing) {
    transaction.mutate('Open_vSwitch', existing._uuid, [
      ['other_config', 'delete-keys', [...otherConfig.keys()]],
      ['other_config', 'insert', otherConfig],
      ['next_cfg', '+=', 1],
    ]);
    transaction.update('Open_vSwitch', existing._uuid, { ovs_version: ovsVersion, dpdk_initialized: false });
  } else {
    transaction.insert('Open_vSwitch', { other_config: otherConfig, next_cfg: 1, ovs_version: ovsVersion });
  }
  await client.transact(transaction);
}

function otherConfigOf({ dpdk, pmdMaxSleepUs, otherConfig }: EngineSettings): Map<string, string> {
  const entries = new Map(Object.entries({ 'dpdk-init': dpdk ? 'true' : 'false', ...otherConfig }));
  if (!dpdk) return entries;
  entries.set('dpdk-lcore-mask', dpdk.lcoreMask);
  entries.set('pmd-cpu-mask', dpdk.pmdCpuMask);
  entries.set(
    'dpdk-socket-mem',
    typeof dpdk.socketMemMib === 'number' ? `${dpdk.socketMemMib}` : dpdk.socketMemMib.join(','),
  );
  entries.set('dpdk-extra', dpdk.extra);
  entries.set('pmd-maxsleep', `${pmdMaxSleepUs}`); // its name in OVS 3.1
  entries.set('pmd-sleep-max', `${pmdMaxSleepUs}`); // since 3.2
  return entries;
}

/** What `ovs-ctl` puts into the database as well; vswitchd itself doesn't. */
async function installedVersion(): Promise<string> {
  const { stdout } = await run(ovsdbToolFile(), ['--version']);
  return /\(Open vSwitch\) (\S+)/.exec(stdout)?.[1] ?? 'unknown';
}
