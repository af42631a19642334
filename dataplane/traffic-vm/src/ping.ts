/** ICMP echo from a test guest, counted by its ping. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Guest, GuestCommand } from '../../guest/src';

export interface PingResult {
  transmitted: number;
  received: number;
}

const ANSWER = / bytes from .* seq=(\d+)/;
const SILENCE_MS = 1000;

/** Pings without end until {@link Ping.finish}, or `count` times. */
export class Ping {
  private constructor(private readonly command: GuestCommand) {}

  /** @param options.intervalSeconds default 0.05 */
  static start(
    guest: Guest,
    address: string,
    options: { count?: number; intervalSeconds?: number } = {},
  ): Ping {
    const { count, intervalSeconds = 0.05 } = options;
    const limit = count === undefined ? '' : `-c ${count}`;
    return new Ping(guest.start(`exec ping -W 1 -i ${intervalSeconds} ${limit} ${address}`));
  }

  /** Resolves when `count` more answers have come. @throws when pinging ends before */
  async answered(count = 1): Promise<void> {
    for (let answers = 0; answers < count; answers += 1) {
      await this.command.lineAfter(this.command.lines.length, (line) => ANSWER.test(line));
    }
  }

  /** Resolves when it ends by itself. */
  async result(): Promise<PingResult> {
    const { lines } = await this.command.ended;
    const match = /(\d+) packets transmitted, (\d+) packets received/.exec(lines.join('\n'));
    if (!match) throw new Error(`ping said: ${lines.slice(-3).join(' / ')}`);
    return { transmitted: Number(match[1]), received: Number(match[2]) };
  }

  /**
   * Stops it with the next answer, and counts up to that one: what was sent after it may still be on its way. When no answer comes for a
   * second, everything counts.
   */
  async finish(): Promise<PingResult> {
    const silence = pause(SILENCE_MS, 'silence', { ref: false });
    const end = await Promise.race([this.answered().then(() => 'answer'), silence]);
    const answers = this.command.lines.flatMap((line) => ANSWER.exec(line)?.[1] ?? []).map(Number);
    this.command.interrupt();
    const total = await this.result();
    if (end === 'silence') return total;
    return { transmitted: Math.max(...answers) + 1, received: answers.length };
  }
}

export async function ping(
  guest: Guest,
  address: string,
  options: { count: number; intervalSeconds?: number },
): Promise<PingResult> {
  return Ping.start(guest, address, options).result();
}
