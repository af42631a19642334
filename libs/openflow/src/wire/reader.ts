import { ProtocolError } from '../errors';

/** Reads network-order bytes front to back; running past the end means that the peer sent a malformed message. */
export class Reader {
  private at: number;

  constructor(
    private readonly buffer: Buffer,
    start = 0,
    private readonly end = buffer.length,
  ) {
    this.at = start;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  u8(): number {
    return this.buffer.readUInt8(this.take(1));
  }

  u16(): number {
    return this.buffer.readUInt16BE(this.take(2));
  }

  u32(): number {
    return this.buffer.readUInt32BE(this.take(4));
  }

  u64(): bigint {
    return this.buffer.readBigUInt64BE(this.take(8));
  }

  /** A 64-bit counter as a number: exact up to 2^53, above that rounded to the nearest representable (by 1 part in 10^16). */
  counter(): number {
    const at = this.take(8);
    return this.buffer.readUInt32BE(at) * 0x1_0000_0000 + this.buffer.readUInt32BE(at + 4);
  }

  /** As `counter`, where all ones mean that the switch doesn't count this. */
  counterOrNull(): number | null {
    const at = this.take(8);
    const [high, low] = [this.buffer.readUInt32BE(at), this.buffer.readUInt32BE(at + 4)];
    return high === 0xffff_ffff && low === 0xffff_ffff ? null : high * 0x1_0000_0000 + low;
  }

  skip(count: number): this {
    this.take(count);
    return this;
  }

  bytes(count: number): Buffer {
    const at = this.take(count);
    return this.buffer.subarray(at, at + count);
  }

  hex(count: number): string {
    const at = this.take(count);
    return this.buffer.toString('hex', at, at + count);
  }

  /** A reader of the next `count` bytes alone; this one goes on behind them. */
  slice(count: number): Reader {
    const at = this.take(count);
    return new Reader(this.buffer, at, at + count);
  }

  private take(count: number): number {
    const at = this.at;
    if (count < 0 || at + count > this.end) {
      throw new ProtocolError(`a field of ${count} bytes where ${this.end - at} are left`);
    }
    this.at = at + count;
    return at;
  }
}

/** The elements that fill a part of a multipart reply. */
export function readAll<T>(part: Buffer, read: (reader: Reader) => T): T[] {
  const reader = new Reader(part);
  const elements: T[] = [];
  while (reader.remaining > 0) elements.push(read(reader));
  return elements;
}
