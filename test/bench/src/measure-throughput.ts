/**
 * 64-byte unicast between two guests through our pipeline with thresholds set, beside the same bridge with one flow `actions=NORMAL`, in turns. The agent is away
 * meanwhile: it would put our flows back.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  applyBundle,
  applyMeterMods,
  connect,
  readFlows,
  readMeters,
  readPortStats,
  ReservedPort,
  type Connection,
  type FlowMod,
} from '@opendvs/openflow';
import { bridgeName } from '@opendvs/model';
import type { Item } from '@opendvs/api-client';
import { frame, startTestpmdGuest, type TestpmdGuest } from '../../../dataplane/traffic/src';
import { agentOf, type BenchLab } from './lab';
import { percentile, rounded } from './percentiles';
import { addPorts, deletePorts, makeScenery, removeScenery } from './scenery';

export interface ThroughputResult {
  pipelineMpps: number;
  normalMpps: number;
  /** Median of the rounds' ratios. */
  ratio: number;
}

/** Without FCS. */
const FRAME_BYTES = 64;
const ROUNDS = 7;
const WINDOW_MS = 1500;
const SETTLE_MS = 700;

export async function measureThroughput(lab: BenchLab): Promise<ThroughputResult> {
  const scenery = await makeScenery(lab, 'throughput');
  const ports = await addPorts(lab, scenery, 'guest', 2);
  const guests: TestpmdGuest[] = [];
  let openflow: Connection | null = null;
  try {
    const [to, from] = ports as [Item<'ports'>, Item<'ports'>];
    guests.push(await guestOf(to, from), await guestOf(from, to));
    const [receiver, sender] = guests as [TestpmdGuest, TestpmdGuest];
    // the switch learns where the receiver is
    await receiver.startSending();
    await receiver.stopSending();
    await sender.startSending();
    await agentOf(lab).stop();
    openflow = await connect(
      join(lab.installation.ovs!.running.runDir, `${bridgeName(scenery.switchId)}.mgmt`),
    );
    return await compare(openflow, to.number);
  } finally {
    openflow?.close();
    for (const guest of guests) await guest.close();
    await agentOf(lab).start();
    await deletePorts(
      lab,
      ports.map(({ id }) => id),
    );
    await removeScenery(lab, scenery);
  }
}

/** A guest on a port that has frames for the guest on the other. */
function guestOf(port: Item<'ports'>, peer: Item<'ports'>): Promise<TestpmdGuest> {
  const unicast = frame({
    source: port.macAddress,
    destination: peer.macAddress,
    type: 'ipv4',
    bytes: FRAME_BYTES,
  });
  return startTestpmdGuest({ socketPath: port.socketPath, mac: port.macAddress, frames: [unicast] });
}

async function compare(openflow: Connection, portNumber: number): Promise<ThroughputResult> {
  const ours = (await readFlows(openflow)).map((stats) => stats.flow());
  const meters = await readMeters(openflow);
  const normal = {
    table: 0,
    priority: 1,
    match: {},
    cookie: 0n,
    instructions: { apply: [{ type: 'output', port: ReservedPort.NORMAL }] },
  } as const;
  const toNormal: FlowMod[] = [
    ...ours.map((flow): FlowMod => ({ command: 'delete', flow })),
    { command: 'add', flow: { ...normal, instructions: { apply: [...normal.instructions.apply] } } },
  ];
  const toOurs: FlowMod[] = [
    { command: 'delete', flow: normal },
    ...ours.map((flow): FlowMod => ({ command: 'add', flow })),
  ];
  const rates = { ours: [] as number[], normal: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    rates.ours.push(await forwardedPps(openflow, portNumber));
    await applyBundle(openflow, toNormal);
    rates.normal.push(await forwardedPps(openflow, portNumber));
    await applyMeterMods(
      openflow,
      meters.map((meter) => ({ command: 'modify', meter })),
    );
    await applyBundle(openflow, toOurs);
  }
  const ratios = rates.ours.map((rate, index) => rate / rates.normal[index]!);
  return {
    pipelineMpps: rounded(percentile(rates.ours, 50) / 1e6),
    normalMpps: rounded(percentile(rates.normal, 50) / 1e6),
    ratio: percentile(ratios, 50),
  };
}

/** After the megaflows of the other flows have gone. */
async function forwardedPps(openflow: Connection, portNumber: number): Promise<number> {
  await pause(SETTLE_MS);
  const before = await forwardedSoFar(openflow, portNumber);
  const start = performance.now();
  await pause(WINDOW_MS);
  const after = await forwardedSoFar(openflow, portNumber);
  const forwarded = (after - before) / ((performance.now() - start) / 1000);
  if (forwarded === 0) throw new Error('the switch forwarded nothing to the receiving guest');
  return forwarded;
}

/** Also what the receiver, which shares its CPU with all else that runs here, was too slow to take: the switch has done its work. */
async function forwardedSoFar(openflow: Connection, portNumber: number): Promise<number> {
  const stats = (await readPortStats(openflow)).find(({ port }) => port === portNumber);
  if (!stats) throw new Error(`the switch has no port ${portNumber}`);
  return (stats.txPackets ?? 0) + (stats.txDropped ?? 0);
}
