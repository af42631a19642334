/**
 * Meters: rate limits that flows send frames through. A band drops what is above its rate. Facts of the userspace datapath of Open
 * vSwitch 3.1 that callers must know:
 * - a modify starts the meter anew: its packet, byte and band counts are zero again and its bucket is full;
 * - deleting a meter deletes the flows that use it; a flow can't be added before its meter;
 * - meters can't be part of a bundle.
 */
import type { Connection } from './connection';
import type { OpenFlowError } from './errors';
import type { OutgoingMessage } from './message';
import { ALL_METERS, MessageType, MultipartType } from './protocol';
import { Transaction } from './transaction';
import type { Reader } from './wire/reader';
import { readAll } from './wire/reader';

export interface MeterBand {
  /** kbit/s (1 kbit = 1000 bit, of whole frames) or packets/s; at least 1. */
  rate: number;
  /** Bucket size in kbit or packets; at least 1. Must hold a whole frame, or larger ones never pass. */
  burst: number;
}

export interface Meter {
  /** 1..0xffff0000. */
  id: number;
  unit: 'kbps' | 'pktps';
  /** A frame that exceeds several bands is dropped, and counted, by the one with the highest rate. */
  bands: MeterBand[];
}

export type MeterMod =
  | { command: 'add'; meter: Meter }
  /** Fails when there is none of that id. */
  | { command: 'modify'; meter: Meter }
  /** Succeeds when there is none of that id. */
  | { command: 'delete'; meter: Pick<Meter, 'id'> };

export interface MeterStats {
  id: number;
  /** How many flows use it. */
  flows: number;
  /** All that came in, dropped or not. */
  packets: number;
  bytes: number;
  durationMs: number;
  /** What each band has dropped, in the order of the meter's bands. */
  bands: { packets: number; bytes: number }[];
}

const COMMANDS = { add: 0, modify: 1, delete: 2 } as const;
const BAND_DROP = 1;
/** OFPMF_*. */
const FLAGS = { kbps: 1, pktps: 2, burst: 4, stats: 8 } as const;

/**
 * Carries out all of `mods` in their order, in one round trip. Each stands for itself: the result has, for each, null or what the switch
 * answered. Throws RangeError, before anything is sent, for a rate or burst that can't be.
 */
export async function applyMeterMods(
  connection: Connection,
  mods: readonly MeterMod[],
): Promise<(OpenFlowError | null)[]> {
  if (mods.length === 0) return [];
  const transaction = new Transaction(connection);
  try {
    await transaction.send(mods.map(meterModMessage));
  } finally {
    transaction.end();
  }
  return mods.map((_, index) => transaction.errors.get(index) ?? null);
}

/** struct ofp_meter_mod. */
export function meterModMessage(mod: MeterMod): OutgoingMessage {
  return {
    type: MessageType.METER_MOD,
    writeBody(writer) {
      const full = mod.command === 'delete' ? undefined : mod.meter;
      const flags = full ? FLAGS[full.unit] | FLAGS.burst | FLAGS.stats : 0;
      writer.u16(COMMANDS[mod.command]).u16(flags).u32(mod.meter.id);
      for (const { rate, burst } of full?.bands ?? []) {
        checkBand(mod.meter.id, rate, burst);
        writer.u16(BAND_DROP).u16(16).u32(rate).u32(burst).zeros(4);
      }
    },
  };
}

function checkBand(meterId: number, rate: number, burst: number): void {
  const fits = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 0xffff_ffff;
  if (fits(rate) && fits(burst)) return;
  throw new RangeError(
    `meter ${meterId}: rate ${rate} and burst ${burst} must be whole numbers from 1 to 4294967295`,
  );
}

/** The configuration of all meters of the bridge. */
export async function readMeters(connection: Connection): Promise<Meter[]> {
  const parts = await connection.requestMultipart(MultipartType.METER_CONFIG, (writer) =>
    writer.u32(ALL_METERS).zeros(4),
  );
  return parts.flatMap(decodeMeters);
}

/** Counts of all meters of the bridge since each was added or last modified. */
export async function readMeterStats(connection: Connection): Promise<MeterStats[]> {
  const parts = await connection.requestMultipart(MultipartType.METER, (writer) =>
    writer.u32(ALL_METERS).zeros(4),
  );
  return parts.flatMap(decodeMeterStats);
}

/** One part of a reply. */
export const decodeMeters = (part: Buffer): Meter[] => readAll(part, readMeterConfig);

/** One part of a reply. */
export const decodeMeterStats = (part: Buffer): MeterStats[] => readAll(part, readMeterStatsEntry);

function readMeterConfig(reader: Reader): Meter {
  const length = reader.u16();
  const entry = reader.slice(length - 2);
  const flags = entry.u16();
  const id = entry.u32();
  const bands: MeterBand[] = [];
  while (entry.remaining > 0) {
    const band = entry.skip(2).u16();
    const fields = entry.slice(band - 4);
    bands.push({ rate: fields.u32(), burst: fields.u32() });
  }
  return { id, unit: flags & FLAGS.pktps ? 'pktps' : 'kbps', bands };
}

function readMeterStatsEntry(reader: Reader): MeterStats {
  const id = reader.u32();
  const length = reader.u16();
  const entry = reader.slice(length - 6).skip(6);
  const flows = entry.u32();
  const [packets, bytes] = [entry.counter(), entry.counter()];
  const durationMs = entry.u32() * 1000 + Math.floor(entry.u32() / 1e6);
  const bands: MeterStats['bands'] = [];
  while (entry.remaining > 0) bands.push({ packets: entry.counter(), bytes: entry.counter() });
  return { id, flows, packets, bytes, durationMs, bands };
}
