/** Random flows that a switch accepts: fields only with the protocols that they belong to. Values may have bits outside their masks. */
import fc from 'fast-check';
import type { Action, Flow, Match } from '@opendvs/openflow';
import { ReservedPort, tagged } from '@opendvs/openflow';

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const mac = fc
  .array(u8, { minLength: 6, maxLength: 6 })
  .map((b) => b.map((x) => x.toString(16).padStart(2, '0')).join(':'));
const ipv4 = fc.array(u8, { minLength: 4, maxLength: 4 }).map((b) => b.join('.'));
const ipv6 = fc.array(u16, { minLength: 8, maxLength: 8 }).map((w) => w.map((x) => x.toString(16)).join(':'));
const maybeMasked = <T>(value: fc.Arbitrary<T>) => fc.oneof(value, fc.record({ value, mask: value }));
const optional = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { requiredKeys: [] });
const merged = (...parts: fc.Arbitrary<Match>[]): fc.Arbitrary<Match> =>
  fc.tuple(...parts).map((matches) => Object.assign({}, ...matches) as Match);

const common: fc.Arbitrary<Match> = optional({
  inPort: fc.oneof(fc.integer({ min: 1, max: 0xfeff }), fc.constant(ReservedPort.LOCAL)),
  ethSrc: maybeMasked(mac),
  ethDst: maybeMasked(mac),
  reg0: maybeMasked(u32),
  reg7: maybeMasked(u32),
  metadata: maybeMasked(fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn })),
});
const vlan: fc.Arbitrary<Match> = fc.oneof(
  fc.constant({}),
  fc.constant({ vlanVid: 0 }),
  fc.record({ vlanVid: fc.integer({ min: 0, max: 4095 }).map(tagged) }),
  fc.record({
    vlanVid: fc.integer({ min: 0, max: 4095 }).map(tagged),
    vlanPcp: fc.integer({ min: 0, max: 7 }),
  }),
  fc.record({
    vlanVid: fc.integer({ min: 0, max: 4095 }).map((vid) => ({ value: tagged(vid), mask: 0x1000 | vid })),
  }),
);
const layer4 = (ethType: number): fc.Arbitrary<Match> =>
  fc.oneof(
    fc.record({ ipProto: fc.constantFrom(2, 47, 89) }),
    fc.record({ ipProto: fc.constant(6), tcpSrc: maybeMasked(u16), tcpDst: u16 }),
    fc.record({ ipProto: fc.constant(17), udpSrc: u16, udpDst: maybeMasked(u16) }),
    ethType === 0x800
      ? fc.record({ ipProto: fc.constant(1), icmpv4Type: u8, icmpv4Code: u8 })
      : fc.record({ ipProto: fc.constant(58), icmpv6Type: u8, icmpv6Code: u8 }),
  );
const layer3: fc.Arbitrary<Match> = fc.oneof(
  fc.constant({}),
  fc.record({ ethType: fc.integer({ min: 0x9000, max: 0xffff }) }),
  merged(
    fc.constant({ ethType: 0x806 }),
    optional({
      arpOp: fc.integer({ min: 1, max: 255 }),
      arpSpa: maybeMasked(ipv4),
      arpTpa: maybeMasked(ipv4),
      arpSha: maybeMasked(mac),
    }),
  ),
  merged(
    fc.constant({ ethType: 0x800 }),
    optional({ ipv4Src: maybeMasked(ipv4), ipv4Dst: maybeMasked(ipv4) }),
    layer4(0x800),
  ),
  merged(
    fc.constant({ ethType: 0x86dd }),
    optional({ ipv6Src: maybeMasked(ipv6), ipv6Dst: maybeMasked(ipv6) }),
    layer4(0x86dd),
  ),
);
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.constantFrom(
    { type: 'output', port: ReservedPort.NORMAL },
    { type: 'output', port: ReservedPort.IN_PORT },
    { type: 'output', port: ReservedPort.CONTROLLER },
    { type: 'output', port: 77 },
  ),
  fc.record({ type: fc.constant('resubmit' as const), table: fc.integer({ min: 0, max: 253 }) }),
  fc.record({ type: fc.constant('setField' as const), field: fc.constant('reg3' as const), value: u32 }),
  fc.record({ type: fc.constant('setField' as const), field: fc.constant('ethSrc' as const), value: mac }),
  fc.record({
    type: fc.constant('load' as const),
    register: fc.constant('reg1' as const),
    offset: fc.integer({ min: 0, max: 24 }),
    bits: fc.constant(8),
    value: u8.map(BigInt),
  }),
);
export const validFlow: fc.Arbitrary<Flow> = fc.record({
  table: fc.integer({ min: 0, max: 100 }),
  priority: u16,
  cookie: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_fffen }),
  match: merged(common, vlan, layer3),
  instructions: optional({
    apply: fc.array(action, { maxLength: 4 }),
    gotoTable: fc.integer({ min: 101, max: 253 }),
  }),
});
