/**
 * JSON-RPC over a stream has no framing (RFC 7047, 4): messages are JSON objects one after another. The splitter finds where
 * each ends by counting braces outside of strings. It works on bytes, so a UTF-8 sequence cut between two chunks does no harm:
 * all bytes of such a sequence are above 0x7f and never look like a quote or a brace.
 */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** A monitor's first answer on a host with many thousand ports is some 10 MB; a peer that sends more than this is broken. */
export const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;

export class JsonSplitter {
  private pieces: Buffer[] = [];
  private pendingBytes = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;

  constructor(private readonly maxBytes = MESSAGE_BYTES_MAX) {}

  /**
   * Takes the next bytes of the stream and returns the messages that they complete, as text.
   * @throws Error when the stream is not a sequence of JSON objects, or a message is too long. The stream is lost then.
   */
  push(chunk: Buffer): string[] {
    const messages: string[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      if (this.endsMessage(chunk[at]!)) {
        messages.push(this.take(chunk.subarray(start, at + 1)));
        start = at + 1;
      }
    }
    if (this.depth > 0) this.keep(chunk.subarray(start));
    return messages;
  }

  private endsMessage(byte: number): boolean {
    if (this.inString) {
      if (this.escaped) this.escaped = false;
      else if (byte === BACKSLASH) this.escaped = true;
      else if (byte === QUOTE) this.inString = false;
      return false;
    }
    if (byte === OPEN_BRACE) this.depth += 1;
    else if (this.depth === 0) rejectUnlessSpace(byte);
    else if (byte === QUOTE) this.inString = true;
    else if (byte === CLOSE_BRACE) {
      this.depth -= 1;
      return this.depth === 0;
    }
    return false;
  }

  private take(last: Buffer): string {
    if (this.pieces.length === 0) return last.toString('utf8');
    const whole = Buffer.concat([...this.pieces, last]);
    this.pieces = [];
    this.pendingBytes = 0;
    return whole.toString('utf8');
  }

  private keep(piece: Buffer): void {
    if (piece.length === 0) return;
    this.pendingBytes += piece.length;
    if (this.pendingBytes > this.maxBytes) {
      throw new Error(`a JSON message of more than ${this.maxBytes} bytes was received`);
    }
    this.pieces.push(piece);
  }
}

function rejectUnlessSpace(byte: number): void {
  const isSpace = byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
  if (!isSpace)
    throw new Error(`expected a JSON object, received byte 0x${byte.toString(16).padStart(2, '0')}`);
}
