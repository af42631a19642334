import type { MeterMod } from './meter';
import { decodeMeters, decodeMeterStats, meterModMessage } from './meter';
import { Writer } from './wire/writer';

const bodyOf = (mod: MeterMod): string => {
  const writer = new Writer();
  meterModMessage(mod).writeBody(writer, 1);
  return writer.hex();
};

describe('a meter', () => {
  const meter = { id: 12, unit: 'kbps' as const, bands: [{ rate: 1000, burst: 128 }] };

  // struct ofp_meter_mod: command, flags (kbps | burst | stats), id, and one drop band.
  it('is written with its burst and with statistics', () => {
    expect(bodyOf({ command: 'add', meter })).toBe('0000000d0000000c' + '00010010000003e80000008000000000');
    expect(bodyOf({ command: 'modify', meter: { ...meter, unit: 'pktps' } })).toMatch(/^0001000e0000000c/);
  });

  it('is deleted by its id alone', () => {
    expect(bodyOf({ command: 'delete', meter: { id: 12 } })).toBe('000200000000000c');
  });

  it.each([
    { rate: 0, burst: 1 },
    { rate: 1, burst: 0 },
    { rate: NaN, burst: 1 },
    { rate: 2 ** 32, burst: 1 },
    { rate: -1, burst: 1 },
    { rate: 1.5, burst: 1 },
  ])('with rate $rate and burst $burst is refused, with its id', (band) => {
    expect(() => bodyOf({ command: 'add', meter: { ...meter, bands: [band] } })).toThrow(
      /^meter 12: rate .* must be whole numbers/,
    );
  });

  // Recorded from ovs-vswitchd 3.1.0: meters of 10 kbit/s and of 1 packet/s, the second used by a flow that ten frames have hit.
  it('is read back from what the switch reports', () => {
    const part =
      '0018000d00000001000100100000000a0000000d00000000' + '0018000e0000000c00010010000000010000000100000000';
    expect(decodeMeters(Buffer.from(part, 'hex'))).toEqual([
      { id: 1, unit: 'kbps', bands: [{ rate: 10, burst: 13 }] },
      { id: 12, unit: 'pktps', bands: [{ rate: 1, burst: 1 }] },
    ]);
  });

  it('has counts of what came in and of what each band dropped', () => {
    const unused =
      '000000010038000000000000000000000000000000000000000000000000000000000000' +
      '0c75164000000000000000000000000000000000';
    const used =
      '0000000c00380000000000000000000100000000' +
      '0000000a000000000000025800000000' +
      '0c75164000000000000000090000000000' +
      '00021c';
    expect(decodeMeterStats(Buffer.from(unused + used, 'hex'))).toEqual([
      { id: 1, flows: 0, packets: 0, bytes: 0, durationMs: 209, bands: [{ packets: 0, bytes: 0 }] },
      { id: 12, flows: 1, packets: 10, bytes: 600, durationMs: 209, bands: [{ packets: 9, bytes: 540 }] },
    ]);
  });
});
