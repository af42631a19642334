/** Counters as hosts send them, and the rates that follow: the latest of every port, and the last ten minutes. In memory, on every manager. */
import type { CountersReport } from '@opendvs/contracts';
import type { PortCounters } from '@opendvs/model';
import { Injectable } from '@nestjs/common';
import { Inventory } from '../reports/inventory';
import { type CounterDeltas, type CounterReading, deltasBetween } from './counter-deltas';
import { MinuteSums } from './minute-sums';
import { type PortRates, ratesOf } from './rates';
import { RecentSamples, type Sample } from './recent-samples';

export interface PortStats {
  portId: string;
  counters: PortCounters;
  /** When the host read them, by its clock. */
  takenAt: Date;
  receivedAt: Date;
  /** null: there are no two readings of this epoch yet, or the last one gave none. */
  rates: PortRates | null;
  /** Over so many seconds. */
  ratesSeconds: number | null;
}

/** Ports that keep their last ten minutes: bounds the memory (200 MB). Others have only their latest rates, and the minutes in PostgreSQL. */
const RECENT_PORTS_MAX = 20_000;

interface Entry {
  reading: CounterReading;
  receivedAt: Date;
  deltas: CounterDeltas | null;
}

@Injectable()
export class PortStatsService {
  readonly minutes = new MinuteSums();
  private readonly entries = new Map<string, Entry>();
  private readonly recent = new Map<string, RecentSamples>();

  constructor(private readonly inventory: Inventory) {
    inventory.onRemoved((kind, id) => {
      if (kind !== 'port') return;
      this.entries.delete(id);
      this.recent.delete(id);
    });
  }

  /** Ports that the reporting host doesn't have are left out. */
  take(report: CountersReport, receivedAt: Date, receivedMs: number): void {
    const takenAtMs = Date.parse(report.takenAt);
    for (const counters of report.ports) {
      if (this.inventory.hostOf(counters.portId) !== report.hostId) continue;
      this.takePort({ counters, takenAtMs, receivedMs }, receivedAt);
    }
  }

  get(portId: string): PortStats | null {
    const entry = this.entries.get(portId);
    if (!entry) return null;
    const { reading, receivedAt, deltas } = entry;
    return {
      portId,
      counters: reading.counters,
      takenAt: new Date(reading.takenAtMs),
      receivedAt,
      rates: deltas && ratesOf(deltas),
      ratesSeconds: deltas && deltas.seconds,
    };
  }

  /** Oldest first. */
  recentOf(portId: string): Sample[] {
    return [...(this.recent.get(portId) ?? [])];
  }

  private takePort(reading: CounterReading, receivedAt: Date): void {
    const { portId } = reading.counters;
    const before = this.entries.get(portId);
    const deltas = before ? deltasBetween(before.reading, reading) : null;
    this.entries.set(portId, { reading, receivedAt, deltas });
    if (!deltas) return;
    this.minutes.add(portId, receivedAt, deltas);
    this.recentSamplesOf(portId)?.add(receivedAt, deltas);
  }

  private recentSamplesOf(portId: string): RecentSamples | undefined {
    const known = this.recent.get(portId);
    if (known || this.recent.size >= RECENT_PORTS_MAX) return known;
    const samples = new RecentSamples();
    this.recent.set(portId, samples);
    return samples;
  }
}
