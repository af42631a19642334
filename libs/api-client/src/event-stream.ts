/** Server-sent events (WHATWG HTML, 9.2), read from the body of an answer. */

export interface ServerSentEvent {
  /** Last id that was given; '' before the first. Sent back as Last-Event-ID to go on from there. */
  id: string;
  type: string;
  data: string;
}

/**
 * The events of a stream until it ends or `signal` is aborted, which is thrown. Comments (the manager's keep-alive) and events
 * without data are left out.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent> {
  let id = '';
  let type = '';
  let data: string[] = [];
  for await (const line of linesOf(chunksOf(body, signal))) {
    if (line === '') {
      if (data.length > 0) yield { id, type: type || 'message', data: data.join('\n') };
      [type, data] = ['', []];
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data.push(value);
    else if (field === 'event') type = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
  }
}

/** Lines end with LF, CR or CRLF, wherever the chunks are cut. A last line without an end is no line. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const heldBack = rest.endsWith('\r') ? '\r' : ''; // its LF may be in the next chunk
    const lines = rest.slice(0, rest.length - heldBack.length).split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? '') + heldBack;
    yield* lines;
  }
  if (rest.endsWith('\r')) yield rest.slice(0, -1);
}

/** fetch() itself forgets the abort signal of a body once nothing refers to its request any more, so it is watched here. */
async function* chunksOf(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  const stop = () => void reader.cancel(signal.reason).catch(() => undefined); // a broken stream is told by read()
  signal.addEventListener('abort', stop);
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}
