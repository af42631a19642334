/**
 * The agent is killed and started again with 200 wired ports and two VMs that ping each other 50 times a second: how long until it is in sync, and how
 * many pings were lost.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bodyOf } from '@opendvs/api-client';
import { ensureGuestImage, ensureLibvirt, Guest, type GuestImage } from '../../../dataplane/guest/src';
import { Ping } from '../../../dataplane/traffic-vm/src';
import { agentOf, agentPid, type BenchLab } from './lab';
import { rounded } from './percentiles';
import { addPorts, deletePorts, makeScenery, removeScenery } from './scenery';

export interface RestartResult {
  ports: number;
  /** From the kill until the agent's plan, made by reading the engine back, is empty. */
  ms: number;
  pings: number;
  lost: number;
}

const WIRED_PORTS = 200;
const DEADLINE_MS = 30_000;
const POLL_MS = 10;

export async function measureRestart(lab: BenchLab): Promise<RestartResult> {
  const scenery = await makeScenery(lab, 'restart');
  const wired = await addPorts(lab, scenery, 'wired', WIRED_PORTS);
  const guestPorts = await addPorts(lab, scenery, 'guest', 2);
  const libvirt = await ensureLibvirt(join(lab.runDir, 'logs'));
  const image = await ensureGuestImage();
  const guests: Guest[] = [];
  try {
    for (const [index, { id }] of guestPorts.entries()) guests.push(await startGuest(lab, image, id, index));
    const [first] = guests as [Guest, Guest];
    const ping = Ping.start(first, '10.77.0.2', { intervalSeconds: 0.02 });
    await ping.answered();
    const ms = await killAndWait(lab);
    const { transmitted, received } = await ping.finish();
    return { ports: WIRED_PORTS, ms: rounded(ms), pings: transmitted, lost: transmitted - received };
  } finally {
    for (const guest of guests) await guest.destroy();
    await libvirt.stop();
    await deletePorts(
      lab,
      [...wired, ...guestPorts].map(({ id }) => id),
    );
    await removeScenery(lab, scenery);
  }
}

async function startGuest(lab: BenchLab, image: GuestImage, portId: string, index: number): Promise<Guest> {
  return Guest.start({
    name: `opendvs-bench-${index + 1}`,
    image,
    workDir: join(lab.runDir, 'guests'),
    interfaces: [await lab.network.interfaceXml(portId)],
    address: `10.77.0.${index + 1}/24`,
  });
}

async function killAndWait(lab: BenchLab): Promise<number> {
  const before = agentPid(lab);
  const start = performance.now();
  agentOf(lab).kill();
  let reason = 'it was not started again';
  while (performance.now() - start < DEADLINE_MS) {
    await pause(POLL_MS);
    const [now] = agentOf(lab).pids;
    if (now === undefined || now === before) continue;
    reason = await whyNotInSync(lab);
    if (reason === '') return performance.now() - start;
  }
  throw new Error(`the agent was not in sync ${DEADLINE_MS} ms after it was killed: ${reason}`);
}

/** Asked of the agent, which reads its engine back for the answer. Empty when it is in sync. */
async function whyNotInSync({ network, hostId }: BenchLab): Promise<string> {
  try {
    const question = network.api.http.GET('/api/v1/hosts/{id}/plan', { params: { path: { id: hostId } } });
    const { inSync, steps } = await bodyOf(question);
    return inSync ? '' : `${steps.length} steps are left`;
  } catch (error) {
    return (error as Error).message;
  }
}
