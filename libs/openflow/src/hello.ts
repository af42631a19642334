/**
 * Version negotiation (OpenFlow 1.4, 6.3.1): each side sends OFPT_HELLO with a bitmap of its versions; the highest common one is
 * used. We offer 1.4 alone. A bridge that doesn't have it among its `protocols` answers with a hello of its own versions, then
 * with an error, and hangs up.
 */
import { VersionMismatchError } from './errors';
import type { Message, OutgoingMessage } from './message';
import { MessageType, OPENFLOW_VERSION } from './protocol';
import { Reader } from './wire/reader';

const VERSION_BITMAP_ELEMENT = 1;

export const helloMessage: OutgoingMessage = {
  type: MessageType.HELLO,
  writeBody: (writer) =>
    writer
      .u16(VERSION_BITMAP_ELEMENT)
      .u16(8)
      .u32(1 << OPENFLOW_VERSION),
};

/** Throws VersionMismatchError, saying what the bridge offers and what to do, unless the peer's hello allows 1.4. */
export function checkHello(hello: Message, path: string): void {
  const bitmap = readVersionBitmap(hello.body);
  const offered = bitmap === undefined ? [hello.version] : bitsOf(bitmap);
  // Without a bitmap, a version means itself and all before it.
  const allowed =
    bitmap === undefined ? hello.version >= OPENFLOW_VERSION : offered.includes(OPENFLOW_VERSION);
  if (allowed) return;
  throw new VersionMismatchError(
    `the bridge at ${path} doesn't speak OpenFlow 1.4 but only ${offered.map(versionName).join(', ') || 'nothing we know'}: ` +
      `add OpenFlow14 to the "protocols" column of its Bridge row`,
  );
}

function readVersionBitmap(body: Buffer): number | undefined {
  const reader = new Reader(body);
  while (reader.remaining >= 4) {
    const [type, length] = [reader.u16(), reader.u16()];
    const element = reader.slice(length - 4);
    if (type === VERSION_BITMAP_ELEMENT && element.remaining >= 4) return element.u32();
    reader.skip(Math.min(-length & 7, reader.remaining));
  }
  return undefined;
}

const bitsOf = (bitmap: number): number[] =>
  Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => (bitmap >>> bit) & 1);
const versionName = (version: number): string => (version > 0 ? `1.${version - 1}` : `version ${version}`);
