/**
 * What a flow does with a frame, as plain data. Each kind of action is one entry of `CODECS`; what this library doesn't know
 * is kept as bytes, so that any flow of any maker can be read, shown and written back.
 */
import type { FieldName, FieldValue } from './fields';
import { FIELDS, oxmWord } from './fields';
import { readFieldValue, writeFieldValue } from './match';
import { EXPERIMENTER, NICIRA_EXPERIMENTER, ReservedPort } from './protocol';
import { Reader } from './wire/reader';
import type { Writer } from './wire/writer';

export const REGISTERS = ['reg0', 'reg1', 'reg2', 'reg3', 'reg4', 'reg5', 'reg6', 'reg7'] as const;
export type Register = (typeof REGISTERS)[number];

export type SetField = {
  [F in FieldName]: { type: 'setField'; field: F; value: FieldValue<F> };
}[FieldName];

export type Action =
  /** `port`: an OpenFlow port number or a ReservedPort. `maxBytes` counts for CONTROLLER only; left out, the whole frame. */
  | { type: 'output'; port: number; maxBytes?: number }
  | { type: 'group'; group: number }
  /** Sets the whole field. */
  | SetField
  /** Sets `bits` bits of a register, from bit `offset` (0 = lowest) on. */
  | { type: 'load'; register: Register; offset: number; bits: number; value: bigint }
  | { type: 'pushVlan'; ethType: number }
  | { type: 'popVlan' }
  /** Looks the frame up in `table` as well and comes back; with `inPort`, as if it had come from there. */
  | { type: 'resubmit'; table: number; inPort?: number }
  /** The first `maxBytes` (14 or more) of the frame, to a port that is none of the reserved ones other than LOCAL and IN_PORT. */
  | { type: 'outputTruncated'; port: number; maxBytes: number }
  /**
   * Carries out `actions` and undoes what they changed. A meter that they reach by resubmit still drops the frame itself, unless
   * one of them can't be undone (such as outputTruncated): only then Open vSwitch works on a true copy.
   */
  | { type: 'clone'; actions: readonly Action[] }
  /** An action of a kind not listed here: its bytes in hex. */
  | { type: 'unknown'; hex: string };

type ActionOf<K extends Action['type']> = Extract<Action, { type: K }>;

interface ActionCodec<K extends Action['type']> {
  /** OFPAT_*, and for Nicira's extensions their subtype. */
  wireType: number;
  subtype?: number;
  /** Behind type and length (for extensions: behind the subtype). The caller pads to eight bytes. */
  write(writer: Writer, action: ActionOf<K>): void;
  /** Reads a body of that action; undefined when it holds what the type can't express. */
  read(body: Reader): ActionOf<K> | undefined;
}

/** OFPCML_NO_BUFFER: send all of the frame. */
const WHOLE_FRAME = 0xffff;
const defaultMaxBytes = (port: number): number => (port === ReservedPort.CONTROLLER ? WHOLE_FRAME : 0);
/** Nicira's actions have 16-bit port numbers, the reserved ones at their end. */
const port16 = (port: number): number => port & 0xffff;
const fromPort16 = (port: number): number => (port >= 0xff00 ? (0xffff_0000 | port) >>> 0 : port);

const CODECS: { [K in Exclude<Action['type'], 'unknown'>]: ActionCodec<K> } = {
  output: {
    wireType: 0,
    write: (w, { port, maxBytes = defaultMaxBytes(port) }) => w.u32(port).u16(maxBytes).zeros(6),
    read(body) {
      const [port, maxBytes] = [body.u32(), body.u16()];
      return { type: 'output', port, ...(maxBytes === defaultMaxBytes(port) ? {} : { maxBytes }) };
    },
  },
  group: {
    wireType: 22,
    write: (w, { group }) => w.u32(group),
    read: (body) => ({ type: 'group', group: body.u32() }),
  },
  setField: {
    wireType: 25,
    write: (w, { field, value }) => writeFieldValue(w, field, value),
    read(body) {
      const entry = readFieldValue(body);
      return entry && ({ type: 'setField', ...entry } as SetField);
    },
  },
  load: {
    wireType: EXPERIMENTER,
    subtype: 7, // NXAST_REG_LOAD
    write: (w, { register, offset, bits, value }) => {
      if (bits < 1 || offset < 0 || offset + bits > 32 || value < 0n || value >> BigInt(bits) !== 0n) {
        throw new RangeError(`load of ${value} into ${bits} bits from ${offset} of ${register}`);
      }
      w.u16((offset << 6) | (bits - 1))
        .u32(registerHeader(register))
        .u64(value);
    },
    read(body) {
      const [offsetAndBits, header, value] = [body.u16(), body.u32(), body.u64()];
      const register = REGISTERS.find((name) => registerHeader(name) === header);
      if (!register) return undefined;
      return { type: 'load', register, offset: offsetAndBits >> 6, bits: (offsetAndBits & 63) + 1, value };
    },
  },
  pushVlan: {
    wireType: 17,
    write: (w, { ethType }) => w.u16(ethType),
    read: (body) => ({ type: 'pushVlan', ethType: body.u16() }),
  },
  popVlan: { wireType: 18, write: () => undefined, read: () => ({ type: 'popVlan' }) },
  resubmit: {
    wireType: EXPERIMENTER,
    subtype: 14, // NXAST_RESUBMIT_TABLE
    write: (w, { table, inPort = ReservedPort.IN_PORT }) => w.u16(port16(inPort)).u8(table).zeros(3),
    read(body) {
      const inPort = fromPort16(body.u16());
      return { type: 'resubmit', table: body.u8(), ...(inPort === ReservedPort.IN_PORT ? {} : { inPort }) };
    },
  },
  outputTruncated: {
    wireType: EXPERIMENTER,
    subtype: 39, // NXAST_OUTPUT_TRUNC
    write: (w, { port, maxBytes }) => w.u16(port16(port)).u32(maxBytes),
    read: (body) => ({ type: 'outputTruncated', port: fromPort16(body.u16()), maxBytes: body.u32() }),
  },
  clone: {
    wireType: EXPERIMENTER,
    subtype: 42, // NXAST_CLONE
    write: (w, { actions }) => writeActions(w.zeros(6), actions),
    read: (body) => ({ type: 'clone', actions: readActions(body.skip(6)) }),
  },
};

function registerHeader(register: Register): number {
  return oxmWord(FIELDS[register], false) | FIELDS[register].type.bytes;
}

type AnyCodec = ActionCodec<Exclude<Action['type'], 'unknown'>>;
const codecFor = (type: Exclude<Action['type'], 'unknown'>): AnyCodec => CODECS[type] as AnyCodec;
const BY_WIRE_TYPE = new Map<string, AnyCodec>(
  (Object.keys(CODECS) as (keyof typeof CODECS)[]).map((type) => {
    const codec = codecFor(type);
    return [`${codec.wireType}/${codec.subtype ?? ''}`, codec];
  }),
);

/** A list of actions. Throws RangeError naming the value that doesn't fit. */
export function writeActions(writer: Writer, actions: readonly Action[]): void {
  for (const action of actions) {
    if (action.type === 'unknown') {
      writer.bytes(Buffer.from(action.hex, 'hex'));
      continue;
    }
    const codec = codecFor(action.type);
    const start = writer.length;
    writer.u16(codec.wireType).u16(0);
    if (codec.subtype !== undefined) writer.u32(NICIRA_EXPERIMENTER).u16(codec.subtype);
    codec.write(writer, action);
    writer.padTo8(start);
    writer.patchU16(start + 2, writer.length - start);
  }
}

export function readActions(reader: Reader): Action[] {
  const actions: Action[] = [];
  while (reader.remaining > 0) actions.push(readAction(reader));
  return actions;
}

function readAction(reader: Reader): Action {
  const [type, length] = [reader.u16(), reader.u16()];
  const bytes = reader.bytes(length - 4);
  const body = new Reader(bytes);
  let codec: AnyCodec | undefined;
  if (type !== EXPERIMENTER) codec = BY_WIRE_TYPE.get(`${type}/`);
  else if (body.remaining >= 6 && body.u32() === NICIRA_EXPERIMENTER)
    codec = BY_WIRE_TYPE.get(`${type}/${body.u16()}`);
  const header = Buffer.from([type >> 8, type & 0xff, length >> 8, length & 0xff]);
  return codec?.read(body) ?? { type: 'unknown', hex: Buffer.concat([header, bytes]).toString('hex') };
}
