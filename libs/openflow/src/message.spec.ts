import fc from 'fast-check';
import { MessageSplitter, writeMessage } from './message';
import { Writer } from './wire/writer';

const anyMessage = fc.record({
  type: fc.integer({ min: 0, max: 255 }),
  xid: fc.integer({ min: 0, max: 0xffff_ffff }),
  body: fc.uint8Array({ maxLength: 600 }),
});

describe('the message splitter', () => {
  it('gives the messages that were written, wherever the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(anyMessage, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 300 })),
        (messages, cuts) => {
          const writer = new Writer();
          for (const { type, xid, body } of messages)
            writeMessage(writer, { type, writeBody: (w) => w.bytes(body) }, xid);
          const splitter = new MessageSplitter();
          const stream = writer.view();
          const got = [];
          for (let at = 0, cut = 0; at < stream.length; cut += 1) {
            const next = at + (cuts[cut] ?? stream.length);
            got.push(...splitter.push(stream.subarray(at, next)));
            at = next;
          }
          expect(got).toEqual(
            messages.map(({ type, xid, body }) => ({ version: 5, type, xid, body: Buffer.from(body) })),
          );
        },
      ),
    );
  });

  it('refuses a length that no message can have', () => {
    expect(() => new MessageSplitter().push(Buffer.from('0500000700000000', 'hex'))).toThrow('7 bytes');
  });
});
