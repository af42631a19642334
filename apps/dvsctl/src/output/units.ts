/** Figures as people read them, always with their unit; and what people write, read back. */
import { UsageError } from '../failure';

/** 1234567 → "1,234,567". */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** "12.3 Mbit/s": decimal prefixes, as for rates everywhere. */
export function bitRate(bytesPerSecond: number): string {
  return `${scaled(bytesPerSecond * 8)}bit/s`;
}

export function packetRate(packetsPerSecond: number): string {
  return `${scaled(packetsPerSecond)}pkt/s`;
}

function scaled(value: number): string {
  const prefixes = ['', 'k', 'M', 'G', 'T'];
  const step = Math.min(Math.max(Math.floor(Math.log10(Math.max(value, 1)) / 3), 0), prefixes.length - 1);
  const shown = value / 1000 ** step;
  return `${shown >= 100 || Number.isInteger(shown) ? Math.round(shown) : shown.toFixed(1)} ${prefixes[step] ?? ''}`;
}

const DURATION_UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** "500ms", "30s", "2m", "1h" in milliseconds. */
export function readDuration(text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(text);
  const unit = DURATION_UNITS_MS[match?.[2] ?? ''];
  if (!match || unit === undefined)
    throw new UsageError(`"${text}" is no duration; write for example 500ms, 30s, 2m or 1h`);
  return Number(match[1]) * unit;
}
