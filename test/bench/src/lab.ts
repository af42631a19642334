/** One whole installation on this machine for the benchmark, as the quickstart makes it, with fsync, and OVS-DPDK in a network of its own. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freePort } from '@opendvs/embedded';
import { Installation } from '../../../deploy/quickstart/src/installation';
import { Network } from '../../../deploy/quickstart/src/network';
import { silentProgress } from '../../../deploy/quickstart/src/progress';

export interface BenchLab {
  runDir: string;
  installation: Installation;
  network: Network;
  hostId: string;
}

export async function startLab(runDir: string): Promise<BenchLab> {
  const installation = await Installation.create({
    runDir,
    engine: 'ovs-dpdk',
    hostNames: ['bench'],
    httpPort: await freePort(),
    fsync: true,
    ownNetwork: true,
    onIncident: (what) => console.error(`! ${what}`),
  });
  try {
    await installation.start(silentProgress);
  } catch (error) {
    await installation.stop();
    throw error;
  }
  return { runDir, installation, network: new Network(installation.api), hostId: installation.hosts[0]!.id };
}

export const managerPid = (lab: BenchLab) => lab.installation.manager.pids[0]!;
export const agentOf = (lab: BenchLab) => lab.installation.hosts[0]!.agent;
export const agentPid = (lab: BenchLab) => agentOf(lab).pids[0]!;

/** How long an idle polling thread sleeps: 0, never, as on a host. The quickstart's 250 makes every port that comes or goes wait for it. */
export async function setPmdMaxSleep(lab: BenchLab, microseconds: number): Promise<void> {
  const { ovsdbSocket } = lab.installation.ovs!.running;
  const set = ['set', 'Open_vSwitch', '.', `other_config:pmd-maxsleep=${microseconds}`];
  await promisify(execFile)('ovs-vsctl', [`--db=unix:${ovsdbSocket}`, ...set]);
}
