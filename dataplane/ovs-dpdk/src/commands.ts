/**
 * Command lines of the two daemons of one Open vSwitch instance, in the foreground. Whoever runs them (the starter here, a
 * supervisor, systemd) sees them die. All files of an instance are in its run directory, so that instances can live side by side;
 * `OVS_RUNDIR` makes tools (`ovs-vsctl`, `ovs-appctl`) and the bridges' management sockets follow.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

export interface Command {
  command: string;
  args: string[];
  env: Record<string, string>;
}

export interface InstancePaths {
  /** Absolute; holds sockets, pid files and logs, and by default the database. */
  runDir: string;
  /** Default `<runDir>/conf.db`. */
  databaseFile?: string | undefined;
}

/**
 * The switch runs under this name whichever binary it is: the name of its control socket follows from the name of the program, and
 * `ovs-appctl` looks for `ovs-vswitchd.<pid>.ctl`.
 */
export const vswitchdLinkOf = (runDir: string) => join(runDir, 'ovs-vswitchd');

/** First that exists wins: Debian keeps a daemon with and one without DPDK, others have one with both. */
const VSWITCHD_WITH_DPDK = [
  '/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk',
  '/usr/sbin/ovs-vswitchd',
  '/usr/local/sbin/ovs-vswitchd',
];
const VSWITCHD_PLAIN = [
  '/usr/lib/openvswitch-switch/ovs-vswitchd',
  '/usr/sbin/ovs-vswitchd',
  '/usr/local/sbin/ovs-vswitchd',
];
const OVSDB_SERVER = ['/usr/sbin/ovsdb-server', '/usr/local/sbin/ovsdb-server'];
const OVSDB_TOOL = ['/usr/bin/ovsdb-tool', '/usr/local/bin/ovsdb-tool'];
const SCHEMA = ['/usr/share/openvswitch/vswitch.ovsschema', '/usr/local/share/openvswitch/vswitch.ovsschema'];

export const ovsdbSocketOf = (runDir: string) => join(runDir, 'db.sock');
export const databaseFileOf = ({ runDir, databaseFile }: InstancePaths) =>
  databaseFile ?? join(runDir, 'conf.db');
export const vswitchdLogOf = (runDir: string) => join(runDir, 'ovs-vswitchd.log');

/** The database server. The instance must have been prepared: see `prepareInstance`. */
export function ovsdbServerCommand(paths: InstancePaths): Command {
  const { runDir } = paths;
  return {
    command: installedFile(OVSDB_SERVER),
    args: [
      databaseFileOf(paths),
      '--no-chdir',
      `--remote=punix:${ovsdbSocketOf(runDir)}`,
      `--unixctl=${join(runDir, 'ovsdb-server.ctl')}`,
      ...daemonArguments(runDir, 'ovsdb-server'),
    ],
    env: environmentOf(runDir),
  };
}

/** The switch. Needs the database server, whose database says how to set up DPDK: see `configureEngine`. */
export function vswitchdCommand({ runDir }: InstancePaths): Command {
  return {
    command: vswitchdLinkOf(runDir),
    args: [`unix:${ovsdbSocketOf(runDir)}`, '--no-chdir', ...daemonArguments(runDir, 'ovs-vswitchd')],
    env: environmentOf(runDir),
  };
}

/** The same program (and pid), in a network namespace that ends with it and whoever joins it. */
export function inNewNetwork({ command, args, env }: Command): Command {
  return { command: 'unshare', args: ['--net', command, ...args], env };
}

/** The same program (and pid), in the network namespace of process `pid`. */
export function inNetworkOf(pid: number, { command, args, env }: Command): Command {
  return { command: 'nsenter', args: [`--net=/proc/${pid}/ns/net`, command, ...args], env };
}

export const ovsdbToolFile = () => installedFile(OVSDB_TOOL);
export const schemaFile = () => installedFile(SCHEMA);
export const vswitchdFile = (withDpdk: boolean) =>
  installedFile(withDpdk ? VSWITCHD_WITH_DPDK : VSWITCHD_PLAIN);

function daemonArguments(runDir: string, name: string): string[] {
  const files = [`--pidfile=${join(runDir, `${name}.pid`)}`, `--log-file=${join(runDir, `${name}.log`)}`];
  return [...files, '-vconsole:off', '-vsyslog:off', '-vfile:info'];
}

function environmentOf(runDir: string): Record<string, string> {
  return { OVS_RUNDIR: runDir, OVS_LOGDIR: runDir, OVS_DBDIR: runDir };
}

function installedFile(candidates: readonly string[]): string {
  const found = candidates.find(isReadable);
  if (found === undefined)
    throw new Error(`${candidates[0]} is missing: apt-get install openvswitch-switch-dpdk`);
  return found;
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false; // looking is the question here; what is missing is told by the caller
  }
}
