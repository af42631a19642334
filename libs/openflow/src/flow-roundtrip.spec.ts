import fc from 'fast-check';
import type { Action, SetField } from './actions';
import { REGISTERS } from './actions';
import type { FieldName } from './fields';
import { FIELD_NAMES, fieldSpec } from './fields';
import type { Flow } from './flow';
import { decodeFlow, flowBody, flowKey } from './flow';
import type { Instructions } from './instructions';
import type { Match } from './match';
import { ReservedPort } from './protocol';

const bytesOf = (name: FieldName): fc.Arbitrary<Buffer> => {
  const { fullMask, type } = fieldSpec(name);
  return fc
    .uint8Array({ minLength: type.bytes, maxLength: type.bytes })
    .map((bytes) => Buffer.from(bytes.map((byte, i) => byte & (fullMask[i] as number))));
};

const exactValue = (name: FieldName): fc.Arbitrary<unknown> =>
  bytesOf(name).map((bytes) => fieldSpec(name).type.get(bytes, 0));

const maskedValue = (name: FieldName): fc.Arbitrary<unknown> => {
  const { type, fullMask } = fieldSpec(name);
  return fc
    .tuple(bytesOf(name), bytesOf(name))
    .filter(([, mask]) => !mask.equals(fullMask) && mask.some((byte) => byte !== 0))
    .map(([value, mask]) => {
      const effective = Buffer.from(value.map((byte, i) => byte & (mask[i] as number)));
      return { value: type.get(effective, 0), mask: type.get(mask, 0) };
    });
};

const anyMatch: fc.Arbitrary<Match> = fc.record(
  Object.fromEntries(
    FIELD_NAMES.map((name) => [
      name,
      fieldSpec(name).maskable ? fc.oneof(exactValue(name), maskedValue(name)) : exactValue(name),
    ]),
  ),
  { requiredKeys: [] },
);

const port = fc.oneof(fc.integer({ min: 1, max: 0xfeff }), fc.constantFrom(...Object.values(ReservedPort)));
const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });

const anyLoad: fc.Arbitrary<Action> = fc
  .record({
    register: fc.constantFrom(...REGISTERS),
    offset: fc.integer({ min: 0, max: 31 }),
    bits: fc.integer({ min: 1, max: 32 }),
  })
  .filter(({ offset, bits }) => offset + bits <= 32)
  .chain((target) =>
    fc
      .bigInt({ min: 0n, max: (1n << BigInt(target.bits)) - 1n })
      .map((value) => ({ type: 'load' as const, ...target, value })),
  );

const anySetField: fc.Arbitrary<Action> = fc
  .constantFrom(...FIELD_NAMES)
  .chain((field) => exactValue(field).map((value) => ({ type: 'setField', field, value }) as SetField));

const anySimpleAction: fc.Arbitrary<Action> = fc.oneof(
  port.map((to) => ({ type: 'output' as const, port: to })),
  fc.record({
    type: fc.constant('output' as const),
    port: fc.constant(7),
    maxBytes: fc.integer({ min: 1, max: 0xffff }),
  }),
  fc.record({ type: fc.constant('group' as const), group: u32 }),
  anySetField,
  anyLoad,
  fc.record({ type: fc.constant('pushVlan' as const), ethType: u16 }),
  fc.constant({ type: 'popVlan' as const }),
  fc.record({ type: fc.constant('resubmit' as const), table: u8 }),
  fc.record({ type: fc.constant('outputTruncated' as const), port, maxBytes: u32 }),
  fc.record({
    type: fc.constant('resubmit' as const),
    table: u8,
    inPort: fc.integer({ min: 1, max: 0xfeff }),
  }),
);

const anyAction = fc.oneof(
  anySimpleAction,
  fc.record({ type: fc.constant('clone' as const), actions: fc.array(anySimpleAction, { maxLength: 3 }) }),
);

const actions = fc.array(anyAction, { minLength: 1, maxLength: 4 });

const anyInstructions: fc.Arbitrary<Instructions> = fc.record(
  { meter: u32, apply: actions, write: actions, gotoTable: u8 },
  { requiredKeys: [] },
);

/** Any fields, masks, actions and instructions, in canonical form: not all of them would be accepted by a switch. */
const anyFlow: fc.Arbitrary<Flow> = fc.record(
  {
    table: u8,
    priority: u16,
    cookie: u64,
    match: anyMatch,
    instructions: anyInstructions,
    options: fc.record({
      idleTimeoutSeconds: u16,
      hardTimeoutSeconds: u16,
      flags: u16,
      importance: fc.integer({ min: 1, max: 0xffff }),
    }),
  },
  { requiredKeys: ['table', 'priority', 'cookie', 'match', 'instructions'] },
);

describe('any flow', () => {
  it('comes back from its bytes as it was', () => {
    fc.assert(
      fc.property(anyFlow, (flow) => {
        expect(decodeFlow(flowKey(flow), flowBody(flow))).toEqual(flow);
      }),
    );
  });
});
