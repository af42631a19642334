/** Storms sent by one test guest and counted by another, with the guests' own program `frames` (dataplane/guest/src/frames.c). */
import type { CommandResult, Guest, GuestCommand } from '../../guest/src';

export const FRAME_KINDS = ['arp', 'ip-broadcast', 'broadcast', 'multicast', 'unicast'] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

export interface StormOptions {
  kind: FrameKind;
  /** 0: as fast as the guest can. */
  packetsPerSecond: number;
  /** Of a whole frame without FCS, an 802.1Q tag included. Default 1514. */
  frameBytes?: number;
  seconds: number;
  /** Tagged by the guest itself. */
  vlanId?: number;
  /** Destination; needed for unicast. */
  toMac?: string;
  /** Default eth0. */
  interfaceName?: string;
}

export interface SentFrames {
  packets: number;
  bytes: number;
  seconds: number;
}

export class Storm {
  private constructor(private readonly command: GuestCommand) {}

  static start(guest: Guest, options: StormOptions): Storm {
    const {
      kind,
      packetsPerSecond,
      frameBytes = 1514,
      seconds,
      vlanId,
      toMac,
      interfaceName = 'eth0',
    } = options;
    const optional = [vlanId ? `vlan=${vlanId}` : '', toMac ? `to=${toMac}` : ''];
    const words = [
      'exec frames send',
      interfaceName,
      `kind=${kind}`,
      `rate=${packetsPerSecond}`,
      `size=${frameBytes}`,
      `seconds=${seconds}`,
    ];
    return new Storm(guest.start([...words, ...optional].join(' ')));
  }

  /** Ends it early; see {@link sent}. */
  stop(): void {
    this.command.interrupt();
  }

  async sent(): Promise<SentFrames> {
    return parseLast<SentFrames>(await this.command.ended, 'sent');
  }
}

/** Frames of one kind, since counting began. Times are the receiving kernel's, in seconds. */
export interface Tally {
  packets: number;
  /** Whole frames without FCS. */
  bytes: number;
  firstAt: number;
  lastAt: number;
  firstSequence: number;
  lastSequence: number;
}

export type Reading = Record<FrameKind, Tally> & {
  /** Seconds since counting began. */
  at: number;
  /** Frames that the counter itself lost: a reading with any is not to be trusted. */
  dropped: number;
  /** Frames that no `frames send` made. */
  other: Tally;
  /** 802.1Q tags on arriving frames; 0 stands for none. */
  vlans: number[];
};

export class FrameCount {
  private constructor(private readonly command: GuestCommand) {}

  /** Resolves once the guest listens, on all frames whatever their destination. */
  static async start(
    guest: Guest,
    options: { seconds: number; intervalMs?: number; interfaceName?: string },
  ): Promise<FrameCount> {
    const { seconds, intervalMs = 1000, interfaceName = 'eth0' } = options;
    const command = guest.start(
      `exec frames count ${interfaceName} seconds=${seconds} interval=${intervalMs}`,
    );
    await command.line((line) => line.includes('"listening"'));
    return new FrameCount(command);
  }

  /** Readings so far, oldest first, each the sum since counting began. */
  readings(): Reading[] {
    return parseReadings(this.command.lines);
  }

  /** The first reading taken `seconds` or more after counting began, as soon as it is there. */
  async readingAt(seconds: number): Promise<Reading> {
    const line = await this.command.line((text) => parseReadings([text]).some(({ at }) => at >= seconds));
    return parseReadings([line])[0]!;
  }

  stop(): void {
    this.command.interrupt();
  }

  async total(): Promise<Reading> {
    const total = parseLast<Reading>(await this.command.ended, 'total');
    if (total.dropped > 0)
      throw new Error(
        `the counting guest lost ${total.dropped} frames itself; count fewer, or with less load`,
      );
    return total;
  }
}

/** What arrived between two readings of one count, per second. */
export function rateBetween(
  from: Reading,
  to: Reading,
  kind: FrameKind,
): { packetsPerSecond: number; kbitPerSecond: number } {
  const seconds = to.at - from.at;
  return {
    packetsPerSecond: (to[kind].packets - from[kind].packets) / seconds,
    kbitPerSecond: ((to[kind].bytes - from[kind].bytes) * 8) / 1000 / seconds,
  };
}

/**
 * Rate from the first to the last arrival, for the few frames that a small threshold lets through: the first one opens the interval and
 * isn't counted in it. NaN with fewer than two frames.
 */
export function rateOfArrivals({ packets, bytes, firstAt, lastAt }: Tally): {
  packetsPerSecond: number;
  kbitPerSecond: number;
} {
  const seconds = lastAt - firstAt;
  const share = (packets - 1) / packets;
  return { packetsPerSecond: (packets - 1) / seconds, kbitPerSecond: (bytes * share * 8) / 1000 / seconds };
}

function parseReadings(lines: readonly string[]): Reading[] {
  return lines
    .filter((line) => line.startsWith('{"event":"interval"'))
    .map((line) => JSON.parse(line) as Reading);
}

function parseLast<T>({ code, lines }: CommandResult, event: string): T {
  const line = lines.at(-1) ?? '';
  if (code !== 0 || !line.startsWith(`{"event":"${event}"`))
    throw new Error(`frames ended with ${code}: ${lines.slice(-3).join(' / ')}`);
  return JSON.parse(line) as T;
}
