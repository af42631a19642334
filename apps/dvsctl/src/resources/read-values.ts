/** What people write for a field, as the API takes it. Ranges are the manager's to check; here only the form is. */
import { UsageError } from '../failure';

/** @param what for the message: "an MTU" */
export function readInteger(text: string, what: string): number {
  if (!/^-?\d{1,15}$/.test(text))
    throw new UsageError(`"${text}" is not ${what}: a whole number is expected`);
  return Number(text);
}

export interface Threshold {
  rateKbps: number | null;
  ratePps: number | null;
}

/** "64kbps", "1.5Mbps", "1000pps", or "off". */
export function readThreshold(text: string): Threshold | null {
  if (text === 'off') return null;
  const match = /^(\d{1,15}(?:\.\d{1,6})?)(kbps|mbps|gbps|pps)$/i.exec(text);
  const unit = match?.[2]?.toLowerCase() ?? '';
  const rate = Number(match?.[1]) * (KBPS[unit] ?? 1);
  if (!match || !Number.isInteger(rate)) {
    throw new UsageError(`"${text}" is no threshold; write for example 64kbps, 10Mbps, 1000pps or off`);
  }
  return unit === 'pps' ? { rateKbps: null, ratePps: rate } : { rateKbps: rate, ratePps: null };
}

const KBPS: Record<string, number> = { kbps: 1, mbps: 1000, gbps: 1_000_000 };

export function formatThreshold(
  threshold: { rateKbps?: number | null; ratePps?: number | null } | null,
): string | null {
  if (!threshold) return null;
  return threshold.ratePps != null ? `${threshold.ratePps} pkt/s` : `${threshold.rateKbps} kbit/s`;
}

/** A NIC by its PCI address (0000:3b:00.0, or 3b:00.0) or by its kernel name. */
export function readNic(text: string): { kernelName: string } | { pciAddress: string } {
  const pci = /^(?:([0-9a-f]{4}):)?([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/i.exec(text);
  return pci ? { pciAddress: `${pci[1] ?? '0000'}:${pci[2]}`.toLowerCase() } : { kernelName: text };
}

/** "none" for what a field is without. */
export function orNone(text: string): string | null {
  return text === 'none' ? null : text;
}

export const YES_NO = ['yes', 'no'] as const;
