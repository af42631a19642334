import fc from 'fast-check';
import { generateMacAddress, macAddressReason } from './mac-address';
import { nextFree } from './port-numbers';

describe('port numbers', () => {
  it('follow the last one given, go around after 60,000 and skip those in use', () => {
    expect(nextFree(0, new Set(), 3)).toEqual([1, 2, 3]);
    expect(nextFree(59_999, new Set([1]), 3)).toEqual([60_000, 2, 3]);
    expect(nextFree(60_000, new Set(), 1)).toEqual([1]);
  });

  it('run out when all are in use', () => {
    const all = new Set(Array.from({ length: 60_000 }, (_, i) => i + 1));
    expect(nextFree(5, all, 1)).toBeNull();
    all.delete(3);
    expect(nextFree(5, all, 1)).toEqual([3]);
    expect(nextFree(5, all, 2)).toBeNull();
  });

  it('are always in range, free, distinct, and the nearest there are', () => {
    const number = fc.integer({ min: 1, max: 60_000 });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60_000 }),
        fc.uniqueArray(number, { maxLength: 50 }),
        fc.integer({ min: 1, max: 20 }),
        (last, used, count) => {
          const taken = new Set(used);
          const numbers = nextFree(last, taken, count)!;
          const distance = (n: number) => (n - last - 1 + 120_000) % 60_000;
          expect(new Set(numbers).size).toBe(count);
          for (const n of numbers) {
            expect(n).toBeGreaterThanOrEqual(1);
            expect(n).toBeLessThanOrEqual(60_000);
            expect(taken.has(n)).toBe(false);
          }
          const farthest = Math.max(...numbers.map(distance));
          for (let step = 0; step < farthest; step += 1) {
            const candidate = ((last + step) % 60_000) + 1;
            expect(taken.has(candidate) || numbers.includes(candidate)).toBe(true);
          }
        },
      ),
    );
  });
});

describe('MAC addresses', () => {
  it('are drawn as unicast, locally administered ones', () => {
    for (let i = 0; i < 100; i += 1) {
      const address = generateMacAddress();
      expect(macAddressReason(address)).toBeNull();
      expect(Number.parseInt(address.slice(0, 2), 16) & 0b11).toBe(0b10);
    }
  });

  it.each([
    '00:00:00:00:00:00',
    'ff:ff:ff:ff:ff:ff',
    '01:00:5e:00:00:01',
    '0a-00-00-00-00-01',
    '0a:00:00:00:00',
    '',
  ])('are not %j', (address) => {
    expect(macAddressReason(address)).not.toBeNull();
  });
});
