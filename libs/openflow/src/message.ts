/** OpenFlow's frame: an eight-byte header (version, type, length of all, transaction id) and a body. */
import { ProtocolError } from './errors';
import { HEADER_BYTES, MessageType, MESSAGE_BYTES_MAX, OPENFLOW_VERSION } from './protocol';
import type { Writer } from './wire/writer';

export interface Message {
  version: number;
  type: number;
  xid: number;
  body: Buffer;
}

/** A message yet to be sent. Its body is written once its transaction id is known. */
export interface OutgoingMessage {
  type: number;
  writeBody: (writer: Writer, xid: number) => void;
}

/** A request without a body. */
export const emptyMessage = (type: number): OutgoingMessage => ({ type, writeBody: () => undefined });

/** Answered once everything sent before it has been carried out. */
export const barrierMessage = emptyMessage(MessageType.BARRIER_REQUEST);

/** Throws RangeError when the message would be longer than OpenFlow's 64 KiB. */
export function writeMessage(writer: Writer, { type, writeBody }: OutgoingMessage, xid: number): void {
  const start = writer.length;
  writer.u8(OPENFLOW_VERSION).u8(type).u16(0).u32(xid);
  writeBody(writer, xid);
  const length = writer.length - start;
  if (length > MESSAGE_BYTES_MAX) {
    writer.truncate(start);
    throw new RangeError(
      `an OpenFlow message holds at most ${MESSAGE_BYTES_MAX} bytes, this one has ${length}`,
    );
  }
  writer.patchU16(start + 2, length);
}

/** Cuts a byte stream, however it arrives, into messages. */
export class MessageSplitter {
  private rest: Buffer = Buffer.alloc(0);

  /** The messages that `chunk` completes. Throws ProtocolError when the stream can't be OpenFlow. */
  push(chunk: Buffer): Message[] {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const messages: Message[] = [];
    while (bytes.length >= HEADER_BYTES) {
      const length = bytes.readUInt16BE(2);
      if (length < HEADER_BYTES) throw new ProtocolError(`a message that claims to be ${length} bytes long`);
      if (bytes.length < length) break;
      messages.push({
        version: bytes.readUInt8(0),
        type: bytes.readUInt8(1),
        xid: bytes.readUInt32BE(4),
        body: bytes.subarray(HEADER_BYTES, length),
      });
      bytes = bytes.subarray(length);
    }
    this.rest = bytes;
    return messages;
  }
}
