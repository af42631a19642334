import { rateBetween, rateOfArrivals, type Reading, type Tally } from './frames';

const tally = (packets: number, bytes: number, firstAt = 0, lastAt = 0): Tally => ({
  packets,
  bytes,
  firstAt,
  lastAt,
  firstSequence: 0,
  lastSequence: 0,
});
const reading = (at: number, arp: Tally): Reading => ({ at, arp }) as Reading;

describe('rates of arriving frames', () => {
  it('are what came between two readings, by the time between them', () => {
    const rate = rateBetween(reading(1.5, tally(100, 6400)), reading(4, tally(2600, 166_400)), 'arp');

    expect(rate).toEqual({ packetsPerSecond: 1000, kbitPerSecond: 512 });
  });

  it('of a few frames are taken from arrival to arrival, not counting the one that opens the interval', () => {
    // 5 kbit/s of 1514-byte frames: one every 2.4224 s
    const { kbitPerSecond, packetsPerSecond } = rateOfArrivals(tally(5, 5 * 1514, 10, 10 + 4 * 2.4224));

    expect(kbitPerSecond).toBeCloseTo(5, 6);
    expect(packetsPerSecond).toBeCloseTo(1 / 2.4224, 6);
  });
});
