/**
 * The main job before the user's eyes, on real OVS-DPDK with real VMs: isolation by VLAN, storms held at their thresholds, live counters, and
 * changes while traffic flows. Each claim is a check that can fail, measured inside the receiving VM.
 */
import { setTimeout as pause } from 'node:timers/promises';
import {
  FrameCount,
  ping,
  Ping,
  rateBetween,
  Storm,
  type FrameKind,
  type Reading,
} from '../../../dataplane/traffic-vm/src';
import type { Progress } from './progress';
import type { Scene } from './scene';
import { renderTable } from './table';

const LIVE_STORM_PPS = 2000;
const LIVE_READINGS = 6;
const LIVE_POLL_MS = 100;

type Tell = (detail: string) => void;

const ARP_THRESHOLD_PPS = 1000;
const LOWER_ARP_THRESHOLD_PPS = 200;
const IP_THRESHOLD_KBPS = 1024;
const TOLERANCE = 0.05;
/** What vm1 sends at once; only the broadcasts have a threshold. */
const OFFERED: readonly { kind: FrameKind; packetsPerSecond: number; frameBytes: number }[] = [
  { kind: 'arp', packetsPerSecond: 5000, frameBytes: 64 },
  { kind: 'ip-broadcast', packetsPerSecond: 1000, frameBytes: 1514 },
  { kind: 'unicast', packetsPerSecond: 500, frameBytes: 64 },
];
const STORM_SECONDS = 7;
/** Measured from the second second on: the first may hold a burst. */
const MEASURED = { fromSeconds: 1, toSeconds: 6 };

/** Shows everything, unless it is interrupted; what fails is in `progress.failures`. */
export async function demonstrate(scene: Scene, progress: Progress, interrupted: AbortSignal): Promise<void> {
  const check = async (title: string, work: (tell: Tell) => Promise<void>) => {
    if (interrupted.aborted) return;
    // a failed check has been shown by its step, and is counted there; those after it are still worth seeing
    await progress.step(title, work).catch(() => undefined);
  };
  await check('VLAN 100: vm1 pings vm2', (tell) => checkReachability(scene, tell));
  await check('VLAN 200: vm3 hears nothing of it', (tell) => checkSilence(scene, tell));
  await check(`Storms of vm1 arrive at their thresholds (${STORM_SECONDS} s)`, (tell) =>
    checkStorms(scene, progress, tell),
  );
  await check(`Threshold lowered to ${LOWER_ARP_THRESHOLD_PPS} packets/s during a storm`, (tell) =>
    checkThresholdChange(scene, tell),
  );
  await check('vlan-200 moved to VLAN 100 and back while vm1 pings vm2 and vm3', (tell) =>
    checkVlanChange(scene, tell),
  );
  await check('Live counters from the API, during a storm', (tell) =>
    showLiveCounters(scene, progress, tell),
  );
}

async function checkReachability({ vm1, vm2 }: Scene, tell: Tell): Promise<void> {
  const { transmitted, received } = await ping(vm1.guest, vm2.address, { count: 20 });
  demand(received === transmitted, `${received} of ${transmitted} pings were answered`);
  tell(`${received} of ${transmitted} answered`);
}

/** vm1 asks for vm3's address by broadcast, and vm2's traffic goes on beside it: not a single frame may get across. */
async function checkSilence({ vm1, vm2, vm3 }: Scene, tell: Tell): Promise<void> {
  // known without asking, so that the pings themselves are sent, too
  await vm1.guest.expect(`arp -s ${vm3.address} ${vm3.port.macAddress}`);
  const count = await FrameCount.start(vm3.guest, { seconds: 60 });
  const asking = vm1.guest.run(`arping -c 5 -I eth0 ${vm3.address}`);
  const [towardsVm3, towardsVm2] = await Promise.all([
    ping(vm1.guest, vm3.address, { count: 10, intervalSeconds: 0.2 }),
    ping(vm1.guest, vm2.address, { count: 40 }),
  ]);
  await asking;
  count.stop();
  const heard = (await count.total()).other.packets;
  demand(
    towardsVm2.received === towardsVm2.transmitted,
    'vm1 lost vm2 meanwhile, so the silence proves nothing',
  );
  demand(
    heard === 0 && towardsVm3.received === 0,
    `vm3 heard ${heard} frames and answered ${towardsVm3.received} pings`,
  );
  tell(`0 frames arrived, 0 of ${towardsVm3.transmitted} pings answered`);
}

async function checkStorms(
  { network, vlan100, vm1, vm2, vm3 }: Scene,
  progress: Progress,
  tell: Tell,
): Promise<void> {
  await network.patch('port-groups', vlan100.id, {
    broadcastSuppression: {
      arpBroadcast: { ratePps: ARP_THRESHOLD_PPS },
      ipBroadcast: { rateKbps: IP_THRESHOLD_KBPS },
    },
  });
  const [atVm2, atVm3] = [
    await FrameCount.start(vm2.guest, { seconds: 60 }),
    await FrameCount.start(vm3.guest, { seconds: 60 }),
  ];
  const storms = OFFERED.map((offer) =>
    Storm.start(vm1.guest, { ...offer, seconds: STORM_SECONDS, toMac: vm2.port.macAddress }),
  );
  const [from, to] = [await atVm2.readingAt(MEASURED.fromSeconds), await atVm2.readingAt(MEASURED.toSeconds)];
  const sent = await Promise.all(storms.map((storm) => storm.sent()));
  atVm2.stop();
  atVm3.stop();
  const elsewhere = await atVm3.total();
  await atVm2.total();
  const rows = OFFERED.map(({ kind, frameBytes }, index) =>
    stormRow(kind, frameBytes, sent[index]!, rateBetween(from, to, kind)),
  );
  const leaked = OFFERED.reduce((sum, { kind }) => sum + elsewhere[kind].packets, 0);
  progress.print(
    renderTable(
      ['sent by vm1', 'offered', 'threshold', 'arrived at vm2', 'off by'],
      rows.map(({ cells }) => cells),
    ),
  );
  demand(leaked === 0, `${leaked} of the frames arrived at vm3, in another VLAN`);
  for (const { failure } of rows) demand(failure === null, failure ?? '');
  tell(`within ${TOLERANCE * 100} %, unicast untouched, nothing at vm3`);
}

function stormRow(
  kind: FrameKind,
  frameBytes: number,
  sent: { packets: number; seconds: number },
  arrived: { packetsPerSecond: number; kbitPerSecond: number },
): { cells: string[]; failure: string | null } {
  const offeredPps = sent.packets / sent.seconds;
  const inKbit = kind === 'ip-broadcast';
  const unit = inKbit ? 'kbit/s' : 'packets/s';
  const offered = inKbit ? (offeredPps * frameBytes * 8) / 1000 : offeredPps;
  const threshold = { arp: ARP_THRESHOLD_PPS, 'ip-broadcast': IP_THRESHOLD_KBPS }[kind as string] ?? null;
  const measured = inKbit ? arrived.kbitPerSecond : arrived.packetsPerSecond;
  const error = measured / (threshold ?? offered) - 1;
  const shown = (value: number) => `${Math.round(value).toLocaleString('en')} ${unit}`;
  return {
    cells: [
      `${kind}, ${frameBytes} bytes`,
      shown(offered),
      threshold === null ? 'none' : shown(threshold),
      shown(measured),
      percent(error),
    ],
    failure:
      Math.abs(error) <= TOLERANCE ? null : `${kind} arrived at ${shown(measured)}, ${percent(error)} off`,
  };
}

async function checkThresholdChange({ network, vlan100, vm1, vm2 }: Scene, tell: Tell): Promise<void> {
  const count = await FrameCount.start(vm2.guest, { seconds: 60, intervalMs: 250 });
  const storm = Storm.start(vm1.guest, { kind: 'arp', packetsPerSecond: 5000, frameBytes: 64, seconds: 30 });
  const pings = Ping.start(vm1.guest, vm2.address);
  const before = [await count.readingAt(1), await count.readingAt(3)] as const;
  const startedAt = performance.now();
  await network.patch('port-groups', vlan100.id, {
    broadcastSuppression: { arpBroadcast: { ratePps: LOWER_ARP_THRESHOLD_PPS } },
  });
  const appliedMs = performance.now() - startedAt;
  const changedAt = count.readings().at(-1)!.at;
  const after = [await count.readingAt(changedAt + 1), await count.readingAt(changedAt + 4)] as const;
  storm.stop();
  count.stop();
  const { transmitted, received } = await pings.finish();
  await storm.sent();
  const [high, low] = [arpRate(before), arpRate(after)];
  demand(
    isWithin(high, ARP_THRESHOLD_PPS) && isWithin(low, LOWER_ARP_THRESHOLD_PPS),
    `${high.toFixed(0)} packets/s arrived before and ${low.toFixed(0)} after`,
  );
  demand(received === transmitted, `${transmitted - received} of ${transmitted} pings were lost meanwhile`);
  tell(
    `${high.toFixed(0)} → ${low.toFixed(0)} packets/s, ${appliedMs.toFixed(0)} ms from the request to the dataplane's acknowledgement, no ping lost`,
  );
}

async function checkVlanChange({ network, vlan200, vm1, vm2, vm3 }: Scene, tell: Tell): Promise<void> {
  const beside = Ping.start(vm1.guest, vm2.address);
  const across = Ping.start(vm1.guest, vm3.address);
  await beside.answered();
  const startedAt = performance.now();
  await network.patch('port-groups', vlan200.id, { vlanId: 100 });
  const appliedMs = performance.now() - startedAt;
  await across.answered();
  const answeredMs = performance.now() - startedAt;
  await network.patch('port-groups', vlan200.id, { vlanId: 200 });
  await across.finish();
  const { received: stillAnswered } = await ping(vm1.guest, vm3.address, { count: 10 });
  const { transmitted, received } = await beside.finish();
  demand(stillAnswered === 0, `vm3 still answered ${stillAnswered} of 10 pings after the way back`);
  demand(
    received === transmitted,
    `vm1 and vm2 lost ${transmitted - received} of ${transmitted} pings meanwhile`,
  );
  tell(
    `in the dataplane after ${appliedMs.toFixed(0)} ms, vm3 answered after ${answeredMs.toFixed(0)} ms; vm2 never missed one of ${transmitted} pings`,
  );
}

/** The API's rates while vm1 storms: a line for each of the agent's readings, every second. */
async function showLiveCounters({ network, vm1, vm2 }: Scene, progress: Progress, tell: Tell): Promise<void> {
  const storm = Storm.start(vm1.guest, {
    kind: 'arp',
    packetsPerSecond: LIVE_STORM_PPS,
    frameBytes: 64,
    seconds: 60,
  });
  const rows: { at: string; sent: number; suppressed: number; delivered: number }[] = [];
  while (rows.length < LIVE_READINGS) {
    const [sender, receiver] = [await network.stats(vm1.port.id), await network.stats(vm2.port.id)];
    if (sender.takenAt && sender.takenAt !== rows.at(-1)?.at) {
      rows.push({
        at: sender.takenAt,
        sent: sender.rates?.rxBroadcastPacketsPerSecond ?? 0,
        suppressed: sender.rates?.suppressed.arpBroadcast?.packetsPerSecond ?? 0,
        delivered: receiver.rates?.txPacketsPerSecond ?? 0,
      });
    }
    await pause(LIVE_POLL_MS);
  }
  storm.stop();
  await storm.sent();
  const shown = (value: number) => `${Math.round(value).toLocaleString('en')}/s`;
  progress.print(
    renderTable(
      ['read at', 'broadcasts of vm1', 'suppressed', 'delivered to vm2'],
      rows.map(({ at, sent, suppressed, delivered }) => [
        at.slice(11, 23),
        shown(sent),
        shown(suppressed),
        shown(delivered),
      ]),
    ),
  );
  const { sent, suppressed } = rows.at(-1)!;
  demand(
    isWithin(sent - suppressed, LOWER_ARP_THRESHOLD_PPS, 0.2),
    `${shown(sent - suppressed)} got past a threshold of ${LOWER_ARP_THRESHOLD_PPS}/s`,
  );
  tell('GET /api/v1/ports/{id}/stats');
}

function arpRate([from, to]: readonly [Reading, Reading]): number {
  return rateBetween(from, to, 'arp').packetsPerSecond;
}

function isWithin(measured: number, expected: number, tolerance = TOLERANCE): boolean {
  return Math.abs(measured / expected - 1) <= tolerance;
}

function percent(share: number): string {
  return `${share >= 0 ? '+' : ''}${(share * 100).toFixed(1)} %`;
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
