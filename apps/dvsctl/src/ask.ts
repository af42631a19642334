/** A line from the person at the terminal. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Io } from './io';

/**
 * Null when there is none: end of input, or Ctrl-C.
 * @param secret nothing of what is typed is shown
 */
export async function ask(io: Io, question: string, { secret }: { secret: boolean }): Promise<string | null> {
  io.err(question);
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface(
    secret ? { input: io.stdin, output: unseen, terminal: true } : { input: io.stdin },
  );
  const leave = () => reader.close();
  io.interrupted.addEventListener('abort', leave);
  try {
    return await new Promise<string | null>((resolve) => {
      reader.once('line', resolve);
      reader.once('SIGINT', leave); // with `terminal`, Ctrl-C comes as a key
      reader.once('close', () => resolve(null));
    });
  } finally {
    io.interrupted.removeEventListener('abort', leave);
    reader.close();
    if (secret) io.err('\n');
  }
}
