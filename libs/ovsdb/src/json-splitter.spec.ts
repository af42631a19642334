import * as fc from 'fast-check';
import { JsonSplitter } from './json-splitter';

const messages = fc.array(
  fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' })),
  {
    maxLength: 5,
  },
);

describe('JsonSplitter', () => {
  it('finds the same messages however the stream is cut', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.nat(40)), fc.constantFrom('', ' ', '\n\n'), (sent, cuts, gap) => {
        const texts = sent.map((message) => JSON.stringify(message));
        const stream = Buffer.from(texts.join(gap));
        const splitter = new JsonSplitter();
        const found = cutAt(stream, cuts).flatMap((piece) => splitter.push(piece));
        expect(found.map((text) => text.trim())).toEqual(texts);
      }),
    );
  });

  it('keeps characters whole that are cut between two chunks', () => {
    const text = JSON.stringify({ name: 'Büro 上海 🐙 }"{' });
    const splitter = new JsonSplitter();
    const found = [...Buffer.from(text)].flatMap((byte) => splitter.push(Buffer.from([byte])));
    expect(found).toEqual([text]);
  });

  it('joins a message of many megabytes', () => {
    const text = JSON.stringify({
      rows: Array.from({ length: 200_000 }, (_, i) => `row ${i} with "quotes" and \\`),
    });
    const stream = Buffer.from(text);
    const splitter = new JsonSplitter();
    const found: string[] = [];
    for (let at = 0; at < stream.length; at += 65_536)
      found.push(...splitter.push(stream.subarray(at, at + 65_536)));
    expect(found).toHaveLength(1);
    expect(found[0] === text).toBe(true);
  });

  it('refuses a message that is too long before it has filled the memory', () => {
    const splitter = new JsonSplitter(1000);
    expect(() => {
      for (let i = 0; i < 100; i += 1) splitter.push(Buffer.from('{"a":"'.padEnd(100, 'x')));
    }).toThrow('more than 1000 bytes');
  });

  it('refuses what is not a sequence of objects', () => {
    expect(() => new JsonSplitter().push(Buffer.from('HTTP/1.1 400'))).toThrow('expected a JSON object');
    expect(() => new JsonSplitter().push(Buffer.from('{}]'))).toThrow('byte 0x5d');
  });
});

function cutAt(stream: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let rest = stream;
  for (const length of lengths) {
    pieces.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  return [...pieces, rest];
}
