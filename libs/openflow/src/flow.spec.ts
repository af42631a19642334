import recordedFlows from '../test-vectors/recorded-flows.json';
import { decodeFlow, flowBody, flowKey } from './flow';
import { formatFlow } from './format';
import type { Match } from './match';
import { ReservedPort, tagged, VLAN_PRESENT } from './protocol';

const keyOfMatch = (match: Match): string => flowKey({ table: 0, priority: 0, match });

describe('a flow', () => {
  // Recorded from ovs-vswitchd 3.1.0: added with ovs-ofctl, read back raw and as `ovs-ofctl --no-stats dump-flows` shows it.
  describe.each(recordedFlows)('recorded as "$text"', ({ text, key, body }) => {
    it('reads as the text that ovs-ofctl shows', () => {
      expect(formatFlow(decodeFlow(key, body))).toBe(text);
    });

    it('encodes to the very bytes of the switch', () => {
      const flow = decodeFlow(key, body);
      expect({ key: flowKey(flow), body: flowBody(flow) }).toEqual({ key, body });
    });
  });

  it('written by hand encodes to the bytes that the switch reports of it', () => {
    const flow = {
      table: 20,
      priority: 90,
      cookie: 0n,
      match: { ethDst: { value: '01:00:00:00:00:00', mask: '01:00:00:00:00:00' }, inPort: 3 },
      instructions: { apply: [{ type: 'resubmit', table: 60 } as const], meter: 12 },
    };
    const text =
      'table=20, priority=90,in_port=3,dl_dst=01:00:00:00:00:00/01:00:00:00:00:00 actions=meter:12,resubmit(,60)';
    const recorded = recordedFlows.find((vector) => vector.text === text);
    expect({ key: flowKey(flow), body: flowBody(flow), text: formatFlow(flow) }).toEqual(recorded);
  });

  it('keeps what it does not know of other makers, byte for byte', () => {
    // ct_state=+est+trk,ip actions=ct(commit,zone=1),clone(output:2),NORMAL, as recorded
    const key = '06800080000a0208000001d3080000002200000022';
    const body =
      '000000000000000000000000000000000004005000000000ffff00180000232000230001000000000001ff0000000000' +
      'ffff002000002320002a0000000000000000001000000002000000000000000000000010fffffffa0000000000000000';
    const flow = decodeFlow(key, body);
    expect({ key: flowKey(flow), body: flowBody(flow) }).toEqual({ key, body });
    expect(formatFlow(flow)).toBe(
      'table=6, ip,unknown=0001d3080000002200000022 ' +
        'actions=unknown(ffff00180000232000230001000000000001ff0000000000),clone(output:2),NORMAL',
    );
  });
});

describe('the key of a flow', () => {
  it('does not depend on the order in which fields are given', () => {
    expect(keyOfMatch({ inPort: 3, ethType: 0x806, reg0: 1 })).toBe(
      keyOfMatch({ reg0: 1, ethType: 0x806, inPort: 3 }),
    );
  });

  it('is the same with a full mask as with none', () => {
    expect(keyOfMatch({ reg0: { value: 7, mask: 0xffff_ffff } })).toBe(keyOfMatch({ reg0: 7 }));
    expect(keyOfMatch({ vlanVid: { value: tagged(100), mask: 0x1fff } })).toBe(
      keyOfMatch({ vlanVid: tagged(100) }),
    );
    expect(keyOfMatch({ ipv4Src: { value: '10.0.0.1', mask: '255.255.255.255' } })).toBe(
      keyOfMatch({ ipv4Src: '10.0.0.1' }),
    );
  });

  it('leaves out a field with an empty mask', () => {
    expect(keyOfMatch({ inPort: 1, ethDst: { value: 'ff:ff:ff:ff:ff:ff', mask: '00:00:00:00:00:00' } })).toBe(
      keyOfMatch({ inPort: 1 }),
    );
  });

  it('does not see value bits outside the mask', () => {
    expect(keyOfMatch({ ipv4Dst: { value: '10.9.9.9', mask: '255.0.0.0' } })).toBe(
      keyOfMatch({ ipv4Dst: { value: '10.0.0.0', mask: '255.0.0.0' } }),
    );
  });

  it('tells apart tables, priorities and every field', () => {
    const keys = [
      flowKey({ table: 1, priority: 0, match: {} }),
      flowKey({ table: 0, priority: 1, match: {} }),
      keyOfMatch({ inPort: ReservedPort.LOCAL }),
      keyOfMatch({ vlanVid: 0 }),
      keyOfMatch({ vlanVid: { value: VLAN_PRESENT, mask: VLAN_PRESENT } }),
      keyOfMatch({ tcpSrc: 1 }),
      keyOfMatch({ udpSrc: 1 }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.each<[string, Match]>([
    ['ethDst: "FF:FF:FF:FF:FF:FF" is not a MAC address', { ethDst: 'FF:FF:FF:FF:FF:FF' }],
    ['ipv4Src: "10.0.0" is not an IPv4 address', { ipv4Src: '10.0.0' }],
    ['ipv6Dst: "1.2.3.4" is not an IPv6 address', { ipv6Dst: '1.2.3.4' }],
    ['vlanPcp: The value of "value" is out of range', { vlanPcp: 256 }],
    ['inPort: The value of "value" is out of range', { inPort: -1 }],
    ['reg0: NaN is not a whole number', { reg0: NaN }],
    ['tcpDst: 1.5 is not a whole number', { tcpDst: 1.5 }],
    ["ethType can't be matched with a mask", { ethType: { value: 1, mask: 1 } as unknown as number }],
  ])('is refused with the reason: %s', (reason, match) => {
    expect(() => keyOfMatch(match)).toThrow(RangeError);
    expect(() => keyOfMatch(match)).toThrow(reason);
  });
});

describe('the body of a flow', () => {
  const flow = { cookie: 5n, instructions: { apply: [] } };

  it('is the same for no actions and an empty list of them', () => {
    expect(flowBody(flow)).toBe(flowBody({ cookie: 5n, instructions: {} }));
  });

  it('differs when someone has given the flow a timeout', () => {
    const options = { idleTimeoutSeconds: 0, hardTimeoutSeconds: 10, flags: 0, importance: 0 };
    expect(flowBody({ ...flow, options })).not.toBe(flowBody(flow));
  });

  it.each([
    { bits: 4, offset: 0, value: 16n },
    { bits: 0, offset: 0, value: 0n },
    { bits: 8, offset: 28, value: 1n },
  ])('refuses a load of $value into $bits bits from $offset', (load) => {
    const apply = [{ type: 'load', register: 'reg0', ...load } as const];
    expect(() => flowBody({ cookie: 0n, instructions: { apply } })).toThrow('reg0');
  });
});
