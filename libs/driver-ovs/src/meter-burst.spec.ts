import * as fc from 'fast-check';
import { MTU_BYTES_MAX, MTU_BYTES_MIN } from '@opendvs/model';
import { burstOf } from './meter-burst';

const mtuBytes = fc.integer({ min: MTU_BYTES_MIN, max: MTU_BYTES_MAX });
const rate = fc.integer({ min: 1, max: 100_000_000 });

describe('burst of a meter', () => {
  it('holds the largest frame of the switch, so that frames of every size can pass', () => {
    fc.assert(
      fc.property(rate, mtuBytes, (kbps, mtu) => {
        const largestFrameBits = (mtu + 14 + 8) * 8;
        expect(burstOf({ unit: 'kbps', rate: kbps }, mtu) * 1000).toBeGreaterThanOrEqual(largestFrameBits);
        expect(burstOf({ unit: 'pps', rate: kbps }, mtu)).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  it('is a fifth of a second where that is more', () => {
    expect(burstOf({ unit: 'kbps', rate: 1_000_000 }, 1500)).toBe(200_000);
    expect(burstOf({ unit: 'pps', rate: 100_000 }, 1500)).toBe(20_000);
  });

  it('is small for small thresholds: 5 kbit/s let one large frame through at a time', () => {
    expect(burstOf({ unit: 'kbps', rate: 5 }, 1500)).toBe(13);
    expect(burstOf({ unit: 'kbps', rate: 5 }, 9000)).toBe(73);
    expect(burstOf({ unit: 'pps', rate: 4 }, 1500)).toBe(1);
  });
});
