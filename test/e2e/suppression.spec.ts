/** @needs root hugepages */
import type { Item } from '@opendvs/api-client';
import {
  FrameCount,
  rateBetween,
  rateOfArrivals,
  Storm,
  type FrameKind,
  type Reading,
  type StormOptions,
} from '../../dataplane/traffic-vm/src';
import { Lab, type LabGuest } from './lab';

const SECONDS = 10;
const NONE = {
  observeOnly: false,
  arpBroadcast: null,
  ipBroadcast: null,
  allBroadcast: null,
  multicast: null,
  unknownUnicast: null,
};

/** What arrived in the ten seconds that the storms lasted, their begin (and so any burst) included. */
interface Outcome {
  sent: Record<string, number>;
  arrived: Reading;
}

describe('broadcast suppression, measured in the VM that receives', () => {
  let lab: Lab;
  let group: Item<'port-groups'>;
  let sender: LabGuest, receiver: LabGuest;

  beforeAll(async () => {
    lab = await Lab.start();
    group = await lab.createGroup('storms', { vlanId: 7 });
    [sender, receiver] = (await lab.startGuests(
      { name: 'sender', portGroup: group },
      { name: 'receiver', portGroup: group },
    )) as [LabGuest, LabGuest];
  }, 120_000);
  afterAll(() => lab?.stop(), 60_000);

  const suppress = (broadcastSuppression: object) =>
    lab.network.patch('port-groups', group.id, {
      broadcastSuppression: { ...NONE, ...broadcastSuppression },
    });

  async function storm(...offers: Omit<StormOptions, 'seconds'>[]): Promise<Outcome> {
    const count = await FrameCount.start(receiver.guest, { seconds: 120 });
    const storms = offers.map((offer) =>
      Storm.start(sender.guest, { ...offer, seconds: SECONDS, toMac: receiver.port.macAddress }),
    );
    const sent = await Promise.all(storms.map((running) => running.sent()));
    count.stop();
    const arrived = await count.total();
    return {
      sent: Object.fromEntries(offers.map(({ kind }, index) => [kind, sent[index]!.packets])),
      arrived,
    };
  }
  const suppressed = async () =>
    (await lab.settledCounters(sender.port.id)).suppressed.arpBroadcast ?? { packets: 0, bytes: 0 };
  const packets = ({ arrived }: Outcome, kind: FrameKind) => arrived[kind].packets;
  const kbit = ({ arrived }: Outcome, kind: FrameKind) => (arrived[kind].bytes * 8) / 1000;
  const expectWithin5Percent = (measured: number, expected: number) => {
    expect(measured).toBeGreaterThanOrEqual(expected * 0.95);
    expect(measured).toBeLessThanOrEqual(expected * 1.05);
  };

  it('passes everything while no threshold is set', async () => {
    const outcome = await storm(
      { kind: 'arp', packetsPerSecond: 2000, frameBytes: 64 },
      { kind: 'multicast', packetsPerSecond: 1000, frameBytes: 64 },
    );
    expect(packets(outcome, 'arp')).toBe(outcome.sent.arp);
    expect(packets(outcome, 'multicast')).toBe(outcome.sent.multicast);
  }, 60_000);

  it('holds ARP, IP broadcast and multicast each at its own threshold, and leaves unicast of the same VM alone', async () => {
    await suppress({
      arpBroadcast: { ratePps: 1000 },
      ipBroadcast: { rateKbps: 1024 },
      multicast: { ratePps: 300 },
    });
    const outcome = await storm(
      { kind: 'arp', packetsPerSecond: 5000, frameBytes: 64 },
      { kind: 'ip-broadcast', packetsPerSecond: 1000, frameBytes: 1514 },
      { kind: 'multicast', packetsPerSecond: 1000, frameBytes: 300 },
      { kind: 'broadcast', packetsPerSecond: 500, frameBytes: 300 },
      { kind: 'unicast', packetsPerSecond: 2000, frameBytes: 64 },
    );
    report('arp 1000 packets/s', packets(outcome, 'arp') / SECONDS);
    report('ip-broadcast 1024 kbit/s', kbit(outcome, 'ip-broadcast') / SECONDS);
    report('multicast 300 packets/s', packets(outcome, 'multicast') / SECONDS);
    expectWithin5Percent(packets(outcome, 'arp'), 1000 * SECONDS);
    expectWithin5Percent(kbit(outcome, 'ip-broadcast'), 1024 * SECONDS);
    expectWithin5Percent(packets(outcome, 'multicast'), 300 * SECONDS);
    expect(packets(outcome, 'broadcast')).toBe(outcome.sent.broadcast);
    expect(packets(outcome, 'unicast')).toBe(outcome.sent.unicast);
  }, 60_000);

  it('holds all broadcasts together at one threshold', async () => {
    await suppress({ allBroadcast: { ratePps: 500 } });
    const outcome = await storm(
      { kind: 'arp', packetsPerSecond: 1000, frameBytes: 64 },
      { kind: 'ip-broadcast', packetsPerSecond: 1000, frameBytes: 128 },
      { kind: 'broadcast', packetsPerSecond: 1000, frameBytes: 128 },
      { kind: 'multicast', packetsPerSecond: 500, frameBytes: 128 },
    );
    const together =
      packets(outcome, 'arp') + packets(outcome, 'ip-broadcast') + packets(outcome, 'broadcast');
    report('all broadcast 500 packets/s', together / SECONDS);
    expectWithin5Percent(together, 500 * SECONDS);
    expect(packets(outcome, 'multicast')).toBe(outcome.sent.multicast);
  }, 60_000);

  it('holds 5 kbit/s of 1514-byte frames, which is one frame in 2.4 s', async () => {
    await suppress({ arpBroadcast: { rateKbps: 5 } });
    const count = await FrameCount.start(receiver.guest, { seconds: 120 });
    const running = Storm.start(sender.guest, {
      kind: 'arp',
      packetsPerSecond: 200,
      frameBytes: 1514,
      seconds: 30,
    });
    await running.sent();
    count.stop();
    const { arp } = await count.total();
    const { kbitPerSecond } = rateOfArrivals(arp);
    report('arp 5 kbit/s of 1514-byte frames', kbitPerSecond);
    expectWithin5Percent(kbitPerSecond, 5);
    // and no more than one frame at once, over the whole storm
    expect((arp.bytes * 8) / 1000).toBeLessThanOrEqual(5 * 30 + 2 * 12.112);
  }, 90_000);

  it('takes a new threshold in the middle of a storm', async () => {
    await suppress({ arpBroadcast: { ratePps: 1000 } });
    const count = await FrameCount.start(receiver.guest, { seconds: 120, intervalMs: 250 });
    const running = Storm.start(sender.guest, {
      kind: 'arp',
      packetsPerSecond: 5000,
      frameBytes: 64,
      seconds: 60,
    });
    const before = [await count.readingAt(1), await count.readingAt(4)] as const;
    await suppress({ arpBroadcast: { ratePps: 2500 } });
    const changedAt = count.readings().at(-1)!.at;
    const after = [await count.readingAt(changedAt + 0.5), await count.readingAt(changedAt + 4)] as const;
    running.stop();
    count.stop();
    await running.sent();
    expectWithin5Percent(rateBetween(...before, 'arp').packetsPerSecond, 1000);
    expectWithin5Percent(rateBetween(...after, 'arp').packetsPerSecond, 2500);
  }, 60_000);

  it('counts what it suppresses, frame by frame and byte by byte', async () => {
    await suppress({ arpBroadcast: { ratePps: 100 } });
    const before = await suppressed();
    const outcome = await storm({ kind: 'arp', packetsPerSecond: 1000, frameBytes: 100 });
    const after = await suppressed();
    const missing = outcome.sent.arp! - packets(outcome, 'arp');
    expect(missing).toBeGreaterThan(8000);
    expect(after.packets - before.packets).toBe(missing);
    expect(after.bytes - before.bytes).toBe(missing * 100);
  }, 60_000);

  it('passes and counts what is above the threshold while it only observes', async () => {
    await suppress({ observeOnly: true, arpBroadcast: { ratePps: 100 } });
    const before = await suppressed();
    const outcome = await storm({ kind: 'arp', packetsPerSecond: 1000, frameBytes: 64 });
    const after = await suppressed();
    expect(packets(outcome, 'arp')).toBe(outcome.sent.arp);
    expectWithin5Percent(after.packets - before.packets, outcome.sent.arp! - 100 * SECONDS);
  }, 60_000);
});

/** Measured rates belong into the test's output. */
function report(what: string, measured: number): void {
  process.stderr.write(`    ${what}: ${measured.toFixed(2)} arrived\n`);
}
