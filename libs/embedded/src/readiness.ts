import { createServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

/** Tries `attempt` until it succeeds. @throws the last error, with `what` and the log's path, when the deadline has passed */
export async function untilReady(
  what: string,
  logFile: string,
  timeoutMs: number,
  attempt: () => Promise<void>,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) {
        throw new Error(
          `${what} was not ready after ${timeoutMs} ms (${(error as Error).message}); its log is ${logFile}`,
          { cause: error },
        );
      }
      await pause(15);
    }
  }
}

/** A TCP port of the loopback interface that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
