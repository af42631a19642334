/** ICMP echo from a test guest, counted by its ping. */
import type { Guest, GuestCommand } from '../../guest/src';

export interface PingResult {
  transmitted: number;
  received: number;
}

/** Pings without end until {@link Ping.finish}, or `count` times. */
export class Ping {
  private constructor(private readonly command: GuestCommand) {}

  /** @param intervalSeconds default 0.05 */
  static start(
    guest: Guest,
    address: string,
    options: { count?: number; intervalSeconds?: number } = {},
  ): Ping {
    const { count, intervalSeconds = 0.05 } = options;
    const limit = count === undefined ? '' : `-c ${count}`;
    return new Ping(guest.start(`exec ping -W 1 -i ${intervalSeconds} ${limit} ${address}`));
  }

  /** Resolves with the first answer. @throws when pinging ends without one */
  async answered(): Promise<void> {
    await this.command.line((line) => line.includes(' bytes from '));
  }

  /** Resolves when it ends by itself. */
  async result(): Promise<PingResult> {
    const { lines } = await this.command.ended;
    const match = /(\d+) packets transmitted, (\d+) packets received/.exec(lines.join('\n'));
    if (!match) throw new Error(`ping said: ${lines.slice(-3).join(' / ')}`);
    return { transmitted: Number(match[1]), received: Number(match[2]) };
  }

  /** Stops after the answer to its last request had a second to come. */
  async finish(): Promise<PingResult> {
    this.command.interrupt();
    return this.result();
  }
}

export async function ping(
  guest: Guest,
  address: string,
  options: { count: number; intervalSeconds?: number },
): Promise<PingResult> {
  return Ping.start(guest, address, options).result();
}
