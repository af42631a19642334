/** Runs dvsctl as a process. */
import { homedir } from 'node:os';
import { runCli } from './run-cli';

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
// A reader such as head(1) that has had enough is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

void runCli(process.argv.slice(2), {
  env: process.env,
  homeDir: homedir(),
  stdin: process.stdin,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isInteractive: process.stdin.isTTY && process.stderr.isTTY,
  interrupted: interrupted.signal,
}).then((code) => {
  process.exitCode = code;
});
