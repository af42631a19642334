/**
 * Which frames a flow is about, as plain data: `{ inPort: 3, ethType: 0x806, ethDst: 'ff:ff:ff:ff:ff:ff' }`, with
 * `{ value, mask }` where not all bits count. Encoding is canonical, the way Open vSwitch itself writes a match: fields in its order,
 * value bits outside the mask cleared, a full mask left out, an empty one leaving out the field. So two matches are equal
 * exactly when their bytes are.
 */
import type { FieldName, FieldValue } from './fields';
import { FIELDS, FIELD_NAMES, fieldSpec, findField, oxmWord } from './fields';
import { ProtocolError } from './errors';
import { Reader } from './wire/reader';
import type { Writer } from './wire/writer';

export interface Masked<T> {
  value: T;
  mask: T;
}

type MatchValue<F extends FieldName> = (typeof FIELDS)[F]['maskable'] extends true
  ? FieldValue<F> | Masked<FieldValue<F>>
  : FieldValue<F>;

export type Match = { [F in FieldName]?: MatchValue<F> } & {
  /** Fields that this library doesn't know, of flows that others have made: OXM entries in hex, behind one another. */
  unknown?: string;
};

const OFPMT_OXM = 1;

/** struct ofp_match, padded to eight bytes. Throws RangeError naming the field whose value or mask doesn't fit. */
export function writeMatch(writer: Writer, match: Match): void {
  const start = writer.length;
  writer.u16(OFPMT_OXM).u16(0);
  for (const name of FIELD_NAMES) {
    const value = match[name];
    if (value !== undefined) writeEntry(writer, name, value);
  }
  if (match.unknown !== undefined) writer.bytes(Buffer.from(match.unknown, 'hex'));
  writer.patchU16(start + 2, writer.length - start);
  writer.padTo8(start);
}

function writeEntry(writer: Writer, name: FieldName, given: unknown): void {
  if (!isMasked(given)) return writeFieldValue(writer, name, given);
  const spec = fieldSpec(name);
  const { bytes } = spec.type;
  if (!spec.maskable) throw new RangeError(`${name} can't be matched with a mask`);
  const start = writer.length;
  writer.u32((oxmWord(spec, true) | (bytes * 2)) >>> 0);
  putValue(writer, name, given.value);
  putValue(writer, name, given.mask);
  const [value, mask] = [writer.view(start + 4).subarray(0, bytes), writer.view(start + 4 + bytes)];
  for (let i = 0; i < bytes; i += 1) {
    mask[i] = (mask[i] as number) & (spec.fullMask[i] as number);
    value[i] = (value[i] as number) & (mask[i] as number);
  }
  const [all, none] = [mask.equals(spec.fullMask), mask.every((byte) => byte === 0)];
  if (all || none) writer.truncate(start);
  if (all) writeFieldValue(writer, name, given.value);
}

/** One OXM entry without a mask: also what set_field carries. */
export function writeFieldValue(writer: Writer, name: FieldName, value: unknown): void {
  const spec = fieldSpec(name);
  writer.u32((oxmWord(spec, false) | spec.type.bytes) >>> 0);
  putValue(writer, name, value);
}

function putValue(writer: Writer, name: FieldName, value: unknown): void {
  const { type } = fieldSpec(name);
  try {
    writer.field(type.bytes, (buffer, at) => type.put(buffer, at, value));
  } catch (error) {
    throw new RangeError(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

const isMasked = (value: unknown): value is Masked<unknown> => typeof value === 'object' && value !== null;

/** Decodes OXM entries, as `readMatchBytes` gives them. */
export function decodeMatch(oxm: Buffer): Match {
  const entries = new Reader(oxm);
  const match: Record<string, unknown> = {};
  let unknown = '';
  while (entries.remaining > 0) {
    const { header, payload, field, value } = readEntry(entries);
    if (field) match[field] = value;
    else unknown += header.toString(16).padStart(8, '0') + payload.toString('hex');
  }
  if (unknown) match.unknown = unknown;
  return match;
}

/** Reads a struct ofp_match and its padding; returns the OXM entries in it. */
export function readMatchBytes(reader: Reader): Buffer {
  const [type, length] = [reader.u16(), reader.u16()];
  if (type !== OFPMT_OXM || length < 4)
    throw new ProtocolError(`a match of type ${type} and ${length} bytes`);
  const oxm = reader.bytes(length - 4);
  reader.skip(-length & 7);
  return oxm;
}

/** The next OXM entry; `field` is undefined when this library doesn't know it, or knows it with another length. */
function readEntry(reader: Reader): {
  header: number;
  payload: Buffer;
  field: FieldName | undefined;
  value: unknown;
} {
  const header = reader.u32();
  const payload = reader.bytes(header & 0xff);
  const field = findField(header);
  const hasMask = (header & 0x100) !== 0;
  if (!field) return { header, payload, field, value: undefined };
  const { type } = fieldSpec(field);
  if (payload.length !== type.bytes * (hasMask ? 2 : 1))
    return { header, payload, field: undefined, value: undefined };
  const value = type.get(payload, 0);
  return { header, payload, field, value: hasMask ? { value, mask: type.get(payload, type.bytes) } : value };
}

/** An OXM entry as `writeFieldValue` writes it; undefined when it is none of those. */
export function readFieldValue(reader: Reader): { field: FieldName; value: unknown } | undefined {
  const { field, value } = readEntry(reader);
  return field && !isMasked(value) ? { field, value } : undefined;
}
