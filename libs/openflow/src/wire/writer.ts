/**
 * Bytes in network order, growing as needed. One writer builds many messages one after another, so that a bundle of a
 * thousand flows is one buffer and one write to the socket.
 */
export class Writer {
  private buffer: Buffer;
  private end = 0;

  constructor(initialBytes = 256) {
    this.buffer = Buffer.allocUnsafe(initialBytes);
  }

  get length(): number {
    return this.end;
  }

  u8(value: number): this {
    const at = this.reserve(1, value);
    this.buffer.writeUInt8(value, at);
    return this;
  }

  u16(value: number): this {
    const at = this.reserve(2, value);
    this.buffer.writeUInt16BE(value, at);
    return this;
  }

  u32(value: number): this {
    const at = this.reserve(4, value);
    this.buffer.writeUInt32BE(value, at);
    return this;
  }

  u64(value: bigint): this {
    const at = this.reserve(8);
    this.buffer.writeBigUInt64BE(value, at);
    return this;
  }

  zeros(count: number): this {
    const at = this.reserve(count);
    this.buffer.fill(0, at, at + count);
    return this;
  }

  bytes(source: Uint8Array): this {
    const at = this.reserve(source.length);
    this.buffer.set(source, at);
    return this;
  }

  /** Lets `put` write `count` bytes itself, at the offset it is given. */
  field(count: number, put: (buffer: Buffer, at: number) => void): this {
    const at = this.reserve(count);
    put(this.buffer, at);
    return this;
  }

  /** Takes back everything from `length` on. */
  truncate(length: number): void {
    this.end = length;
  }

  /** Zeros up to a multiple of eight bytes, counted from `start`: OpenFlow's alignment of matches and actions. */
  padTo8(start: number): this {
    return this.zeros(-(this.end - start) & 7);
  }

  /** Fills in a 16-bit length that was not known when its place was written. */
  patchU16(at: number, value: number): void {
    this.buffer.writeUInt16BE(value, at);
  }

  /** The bytes from `start`, without a copy: valid until the next write. */
  view(start = 0): Buffer {
    return this.buffer.subarray(start, this.end);
  }

  hex(start = 0): string {
    return this.buffer.toString('hex', start, this.end);
  }

  /** Room for `count` bytes. Node's buffers check ranges, but write NaN as 0 and cut off fractions: `value` says what comes. */
  private reserve(count: number, value = 0): number {
    if (!Number.isInteger(value)) throw new RangeError(`${value} is not a whole number`);
    const at = this.end;
    this.end += count;
    if (this.end > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.end, this.buffer.length * 2));
      this.buffer.copy(grown, 0, 0, at);
      this.buffer = grown;
    }
    return at;
  }
}
