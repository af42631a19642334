/**
 * How a field's value is put into bytes, and how people write it. Addresses are strings in their usual spelling (MACs in lower
 * case, IPv6 as RFC 5952), everything up to 32 bits is a number, 64 bits are a bigint.
 */
import ipaddr from 'ipaddr.js';

export interface ValueType<T> {
  bytes: number;
  /** Throws RangeError when the value doesn't fit, naming it. */
  put(buffer: Buffer, at: number, value: T): void;
  get(buffer: Buffer, at: number): T;
  /** As ovs-ofctl writes it; with a mask only when not all of the field counts. */
  text(value: T, mask?: T): string;
}

type NumberText = (value: number, mask?: number) => string;

const hex = (value: number | bigint): string => (Number(value) === 0 ? '0' : `0x${value.toString(16)}`);
/** C's "%#x": 0 has no prefix. */
const alwaysHex: NumberText = (value, mask) =>
  mask === undefined ? hex(value) : `${hex(value)}/${hex(mask)}`;
const hexWhenMasked: NumberText = (value, mask) =>
  mask === undefined ? String(value) : `0x${value.toString(16)}/0x${mask.toString(16)}`;

function unsigned(bytes: 1 | 2 | 4, text: NumberText): ValueType<number> {
  return {
    bytes,
    put(buffer, at, value) {
      // Node's buffers check ranges, but write NaN as 0 and cut off fractions.
      if (!Number.isInteger(value)) throw new RangeError(`${value} is not a whole number`);
      buffer.writeUIntBE(value, at, bytes);
    },
    get: (buffer, at) => buffer.readUIntBE(at, bytes),
    text,
  };
}

export const u8 = unsigned(1, hexWhenMasked);
export const u16 = unsigned(2, hexWhenMasked);
export const u16Hex = unsigned(2, (value) => `0x${value.toString(16).padStart(4, '0')}`);
export const u32 = unsigned(4, hexWhenMasked);
export const u32Hex = unsigned(4, alwaysHex);

export const u64Hex: ValueType<bigint> = {
  bytes: 8,
  put: (buffer, at, value) => void buffer.writeBigUInt64BE(value, at),
  get: (buffer, at) => buffer.readBigUInt64BE(at),
  text: (value, mask) => (mask === undefined ? hex(value) : `${hex(value)}/${hex(mask)}`),
};

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

export const mac: ValueType<string> = {
  bytes: 6,
  put(buffer, at, value) {
    if (!MAC.test(value)) throw new RangeError(`"${value}" is not a MAC address in lower case with colons`);
    buffer.writeUIntBE(parseInt(value.replaceAll(':', ''), 16), at, 6);
  },
  get: (buffer, at) => (buffer.toString('hex', at, at + 6).match(/../g) as string[]).join(':'),
  text: (value, mask) => (mask === undefined ? value : `${value}/${mask}`),
};

/** The address, and behind a slash its prefix length if the mask is one, else the mask. */
function addressText(value: string, mask: string | undefined): string {
  if (mask === undefined) return value;
  return `${value}/${ipaddr.parse(mask).prefixLengthFromSubnetMask() ?? mask}`;
}

export const ipv4: ValueType<string> = {
  bytes: 4,
  put(buffer, at, value) {
    if (!ipaddr.IPv4.isValidFourPartDecimal(value)) throw new RangeError(`"${value}" is not an IPv4 address`);
    value.split('.').forEach((part, i) => buffer.writeUInt8(Number(part), at + i));
  },
  get: (buffer, at) => buffer.subarray(at, at + 4).join('.'),
  text: addressText,
};

export const ipv6: ValueType<string> = {
  bytes: 16,
  put(buffer, at, value) {
    if (!ipaddr.IPv6.isValid(value)) throw new RangeError(`"${value}" is not an IPv6 address`);
    buffer.set(ipaddr.IPv6.parse(value).toByteArray(), at);
  },
  get: (buffer, at) => ipaddr.fromByteArray([...buffer.subarray(at, at + 16)]).toString(),
  text: addressText,
};
