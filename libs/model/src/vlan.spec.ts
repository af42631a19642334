import fc from 'fast-check';
import {
  expandRanges,
  formatVlanRanges,
  parseVlanRanges,
  rangesContain,
  rangesCover,
  VlanSyntaxError,
} from './vlan';

const vlanIds = fc.uniqueArray(fc.integer({ min: 1, max: 4094 }), { minLength: 1, maxLength: 60 });

describe('VLAN lists', () => {
  it('are sorted and merged when read', () => {
    expect(parseVlanRanges('300, 100-150,151-199,120')).toEqual([
      { first: 100, last: 199 },
      { first: 300, last: 300 },
    ]);
  });

  it('name the same VLANs after writing and reading again', () => {
    fc.assert(
      fc.property(vlanIds, (ids) => {
        const ranges = parseVlanRanges(ids.join(','));
        expect(expandRanges(ranges)).toEqual([...ids].sort((a, b) => a - b));
        expect(parseVlanRanges(formatVlanRanges(ranges))).toEqual(ranges);
      }),
    );
  });

  it('cover exactly the lists whose every VLAN they contain', () => {
    fc.assert(
      fc.property(vlanIds, vlanIds, (outerIds, innerIds) => {
        const [outer, inner] = [parseVlanRanges(outerIds.join(',')), parseVlanRanges(innerIds.join(','))];
        expect(rangesCover(outer, inner)).toBe(innerIds.every((id) => rangesContain(outer, id)));
      }),
    );
  });

  it.each([
    ['5-2', /"5-2" in "5-2" runs backwards; write "2-5"/],
    ['0', /VLAN 0 in "0" is outside 1\.\.4094/],
    ['4095', /outside 1\.\.4094/],
    ['1-4095', /outside/],
    ['', /is not a VLAN or a range/],
    ['1,,2', /is not a VLAN or a range/],
    ['1-2-3', /is not a VLAN or a range/],
    ['-5', /is not a VLAN or a range/],
    ['1e2', /is not a VLAN or a range/],
  ])('refuse %j and say why', (text, reason) => {
    expect(() => parseVlanRanges(text)).toThrow(VlanSyntaxError);
    expect(() => parseVlanRanges(text)).toThrow(reason);
  });
});
