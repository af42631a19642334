/** All of the outside world that dvsctl touches, besides the manager: a test passes its own. */
import type { Readable } from 'node:stream';

export interface Io {
  env: Readonly<Record<string, string | undefined>>;
  homeDir: string;
  stdin: Readable;
  /** Results. */
  out(text: string): void;
  /** Errors, notes, questions and progress. */
  err(text: string): void;
  /** A person is there to answer questions: stdin and stderr are terminals. */
  isInteractive: boolean;
  /** Aborted by Ctrl-C. */
  interrupted: AbortSignal;
}

/** Everything that stdin holds. */
export async function readBytes(stdin: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}
