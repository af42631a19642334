/** The outside world of one call of dvsctl, kept in memory. */
import { Readable } from 'node:stream';
import type { Io } from '../src/io';

export interface FakeIo {
  io: Io;
  stdout: () => string;
  stderr: () => string;
  interrupt: () => void;
}

export function fakeIo(
  given: {
    env?: Record<string, string>;
    homeDir?: string;
    stdin?: string | Buffer;
    isInteractive?: boolean;
  } = {},
): FakeIo {
  let stdout = '';
  let stderr = '';
  const interrupted = new AbortController();
  const io: Io = {
    env: given.env ?? {},
    homeDir: given.homeDir ?? '/nonexistent',
    stdin: Readable.from(given.stdin === undefined ? [] : [Buffer.from(given.stdin)]),
    out: (text) => (stdout += text),
    err: (text) => (stderr += text),
    isInteractive: given.isInteractive ?? false,
    interrupted: interrupted.signal,
  };
  return { io, stdout: () => stdout, stderr: () => stderr, interrupt: () => interrupted.abort() };
}
