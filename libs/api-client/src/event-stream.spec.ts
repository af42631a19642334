import fc from 'fast-check';
import { readEvents, type ServerSentEvent } from './event-stream';

const stream = (chunks: Uint8Array[]) => new Blob(chunks.map((chunk) => Buffer.from(chunk))).stream();

async function eventsOf(text: string): Promise<ServerSentEvent[]> {
  return collect(stream([Buffer.from(text)]));
}

async function collect(body: ReadableStream<Uint8Array>): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  for await (const event of readEvents(body, new AbortController().signal)) events.push(event);
  return events;
}

describe('readEvents', () => {
  it('reads type, id and data, and keeps the id until another comes', async () => {
    expect(await eventsOf('id: 7\nevent: change\ndata: {"a":1}\n\ndata: x\n\n')).toEqual([
      { id: '7', type: 'change', data: '{"a":1}' },
      { id: '7', type: 'message', data: 'x' },
    ]);
  });

  it('joins data lines, keeps their blanks but the first, and leaves out comments and fields it does not know', async () => {
    expect(await eventsOf(': keep-alive\nretry: 5\ndata:  a\ndata\ndata:b\n\n')).toEqual([
      { id: '', type: 'message', data: ' a\n\nb' },
    ]);
  });

  it('gives nothing for an event without data, nor for one that was cut off', async () => {
    expect(await eventsOf('event: ping\n\ndata: half')).toEqual([]);
  });

  it('ends with the reason of an abort, also while nothing comes', async () => {
    const aborted = new AbortController();
    let cancelled: unknown = null;
    const silent = new ReadableStream<Uint8Array>({ cancel: (reason) => void (cancelled = reason) });
    const next = readEvents(silent, aborted.signal).next();
    aborted.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    expect(cancelled).toEqual(new Error('enough'));
  });

  it('gives the same events wherever the bytes are cut and whatever ends the lines', async () => {
    const text = 'id: 1\nevent: é\ndata: ü€😀\n\ndata: 2\ndata: 3\n\n';
    const expected = await eventsOf(text);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.array(fc.nat(80), { maxLength: 20 }),
        async (end, cuts) => {
          const bytes = Buffer.from(text.replaceAll('\n', end));
          const places = [...new Set([0, ...cuts, bytes.length])]
            .filter((cut) => cut <= bytes.length)
            .sort((a, b) => a - b);
          const chunks = places.slice(1).map((cut, i) => bytes.subarray(places[i], cut));
          const body = new ReadableStream<Uint8Array>({
            start(controller) {
              for (const chunk of chunks) controller.enqueue(chunk);
              controller.close();
            },
          });
          expect(await collect(body)).toEqual(expected);
        },
      ),
    );
  });
});
