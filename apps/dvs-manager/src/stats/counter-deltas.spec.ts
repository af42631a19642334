import fc from 'fast-check';
import type { PortCounters } from '@opendvs/model';
import { addDeltas, COUNTED, type CounterReading, deltasBetween, noDeltas } from './counter-deltas';
import { DELTA_COLUMNS, fromColumns, toColumns } from './delta-columns';
import { ratesOf, sumRates } from './rates';
import { RECENT_SAMPLES_MAX, RecentSamples } from './recent-samples';

const counters = (packets: number, part: Partial<PortCounters> = {}): PortCounters => ({
  portId: 'p',
  epoch: 'one',
  rxPackets: packets,
  rxBytes: packets * 100,
  txPackets: 0,
  txBytes: 0,
  rxUnicastPackets: 0,
  rxMulticastPackets: 0,
  rxBroadcastPackets: packets,
  rxDroppedPackets: 0,
  txDroppedPackets: 0,
  rxErrors: 0,
  txErrors: 0,
  suppressed: {},
  vhostConnects: 1,
  ...part,
});
const reading = (seconds: number, value: PortCounters, byHost = seconds): CounterReading => ({
  counters: value,
  takenAtMs: byHost * 1000,
  receivedMs: seconds * 1000,
});

describe('deltasBetween', () => {
  it('gives rates inside an epoch', () => {
    const deltas = deltasBetween(
      reading(0, counters(1000, { suppressed: { arpBroadcast: { packets: 10, bytes: 600 } } })),
      reading(
        5,
        counters(6000, {
          suppressed: { arpBroadcast: { packets: 60, bytes: 3600 }, multicast: { packets: 5, bytes: 500 } },
        }),
      ),
    )!;
    expect(ratesOf(deltas)).toMatchObject({
      rxPacketsPerSecond: 1000,
      rxBitsPerSecond: 800_000,
      rxBroadcastPacketsPerSecond: 1000,
      txPacketsPerSecond: 0,
      suppressed: {
        arpBroadcast: { packetsPerSecond: 10, bitsPerSecond: 4800 },
        multicast: { packetsPerSecond: 1, bitsPerSecond: 800 },
      },
    });
  });

  it('says nothing across a restart of the engine, whether counters fell or rose meanwhile', () => {
    const before = reading(0, counters(1_000_000));
    for (const packets of [0, 5, 9_000_000])
      expect(deltasBetween(before, reading(5, counters(packets, { epoch: 'two' })))).toBeNull();
  });

  it('says nothing when a counter went back inside an epoch, which is a defect of the host', () => {
    expect(deltasBetween(reading(0, counters(10)), reading(5, counters(9)))).toBeNull();
  });

  it('takes its own clock when the host’s was set between two readings', () => {
    const before = reading(0, counters(0), 1000);
    for (const byHost of [-2600, 4605, 1000]) {
      const deltas = deltasBetween(before, reading(5, counters(5000), byHost))!;
      expect(ratesOf(deltas).rxPacketsPerSecond).toBe(1000);
    }
  });

  it('takes the host’s clock when messages were merely delayed', () => {
    const deltas = deltasBetween(reading(0, counters(0), 100), reading(6.5, counters(5000), 105))!;
    expect(ratesOf(deltas).rxPacketsPerSecond).toBe(1000);
  });

  it.each([0.1, 301])('says nothing about %d seconds', (seconds) => {
    expect(deltasBetween(reading(0, counters(0)), reading(seconds, counters(5)))).toBeNull();
  });

  it('never gives a negative, infinite or absurd rate, whatever is reported', () => {
    const count = fc.double({ min: 0, max: Number.MAX_SAFE_INTEGER, noNaN: true });
    const epoch = fc.constantFrom('one', 'two');
    const time = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        count,
        count,
        epoch,
        epoch,
        time,
        time,
        fc.double({ min: 0, max: 1000, noNaN: true }),
        (a, b, e, f, t, u, gap) => {
          const before = { counters: counters(a, { epoch: e }), takenAtMs: t * 1000, receivedMs: 0 };
          const after = { counters: counters(b, { epoch: f }), takenAtMs: u * 1000, receivedMs: gap * 1000 };
          const deltas = deltasBetween(before, after);
          if (!deltas) return;
          const { rxPacketsPerSecond } = ratesOf(deltas);
          expect(rxPacketsPerSecond).toBeGreaterThanOrEqual(0);
          expect(rxPacketsPerSecond).toBeLessThanOrEqual((b - a) / 0.2 + 0.01);
        },
      ),
    );
  });
});

describe('deltas', () => {
  const some = deltasBetween(
    reading(0, counters(0)),
    reading(5, counters(50, { suppressed: { multicast: { packets: 2, bytes: 3 } } })),
  )!;

  it('add up', () => {
    const sum = noDeltas();
    addDeltas(sum, some);
    addDeltas(sum, some);
    expect(sum).toMatchObject({
      seconds: 10,
      counts: { rxPackets: 100 },
      suppressed: { multicast: { packets: 4, bytes: 6 } },
    });
    expect(sum.suppressed.arpBroadcast).toBeUndefined();
  });

  it('survive being columns', () => {
    expect(fromColumns(some.seconds, toColumns(some))).toEqual(some);
    expect(toColumns(some)).toHaveLength(DELTA_COLUMNS.length);
    expect(DELTA_COLUMNS).toContain('suppressed_arp_broadcast_packets');
    expect(DELTA_COLUMNS[COUNTED.indexOf('rxBroadcastPackets')]).toBe('rx_broadcast_packets');
  });

  it('make sums of rates over ports', () => {
    const rates = ratesOf(some);
    expect(sumRates([rates, rates])).toMatchObject({
      rxPacketsPerSecond: 20,
      suppressed: { multicast: { packetsPerSecond: 0.8 } },
    });
    expect(sumRates([])).toMatchObject({ rxPacketsPerSecond: 0, suppressed: {} });
  });

  it('are kept for ten minutes, the oldest going first', () => {
    const recent = new RecentSamples();
    for (let i = 0; i < RECENT_SAMPLES_MAX + 3; i += 1) recent.add(new Date(i), some);
    const samples = [...recent];
    expect(samples).toHaveLength(RECENT_SAMPLES_MAX);
    expect(samples[0]!.endedAt).toEqual(new Date(3));
    expect(samples.at(-1)).toEqual({ endedAt: new Date(RECENT_SAMPLES_MAX + 2), deltas: some });
  });
});
