/** Reads all counters of our ports, and puts them through the ledger. */
import type { PortCounters, SuppressionKind } from '@opendvs/model';
import type { MeterStats, PortStats } from '@opendvs/openflow';
import type { BridgeCounters, MeterWitness } from './bridge-session';
import type { CountersLedger, MeterCount, RawCounters } from './counters-ledger';
import type { ObservedPort } from './observe-database';
import { LIMITED_KINDS, meterIdOf, meterOf } from './pipeline';

/** One of our VM ports, with what the ledger knows it by. */
export interface CountedPort {
  portId: string;
  port: ObservedPort;
  /** `CountersLedger.vhostConnects` before the counters were read. */
  connects: number;
}

/**
 * @param countersOf what was read of the bridge of that name; undefined: it could not be read, its ports stay as they were
 * @param meterTime `CountersLedger.meterTime` before that
 */
export function recordCounters(
  ports: readonly CountedPort[],
  countersOf: (bridge: string) => BridgeCounters | undefined,
  meterTime: number | null,
  ledger: CountersLedger,
): PortCounters[] {
  const metersAreRight = meterTime !== null && meterTime === ledger.meterTime;
  return ports.flatMap(({ portId, port, connects }) => {
    const counters = countersOf(port.bridge.name);
    const number = numberOf(port);
    const stats = counters?.ports.get(number);
    if (stats) ledger.recordPort(portId, rawCounters(stats), connects);
    const meters = metersOf(number, counters);
    if (metersAreRight) for (const { kind, dropped } of meters) ledger.recordMeter(portId, kind, dropped);
    return (
      ledger.countersOf(
        portId,
        meters.map(({ kind }) => kind),
      ) ?? []
    );
  });
}

/** Keeps the ledger right while meters of a bridge are changed, which makes them count from zero. */
export function ledgerOfBridge(
  ledger: CountersLedger,
  portIdOf: (portNumber: number) => string | undefined,
): MeterWitness {
  const withPort = (meterId: number, act: (portId: string, kind: SuppressionKind) => void) => {
    const { portNumber, kind } = meterOf(meterId);
    const portId = portIdOf(portNumber);
    if (portId !== undefined) act(portId, kind);
  };
  return {
    beforeChange: (stats) => {
      for (const one of stats) {
        withPort(one.id, (portId, kind) => ledger.recordMeter(portId, kind, droppedBy(one)));
      }
      ledger.beginMeterChange();
    },
    afterChange: (restarted) => {
      for (const meterId of restarted)
        withPort(meterId, (portId, kind) => ledger.meterRestarted(portId, kind));
      ledger.endMeterChange();
    },
  };
}

/** What the meters of a port have dropped: of each kind that has one. */
function metersOf(
  portNumber: number,
  counters: BridgeCounters | undefined,
): { kind: SuppressionKind; dropped: MeterCount }[] {
  return LIMITED_KINDS.flatMap(({ kind, meterIndex }) => {
    const stats = counters?.meters.get(meterIdOf(portNumber, meterIndex));
    return stats ? { kind, dropped: droppedBy(stats) } : [];
  });
}

/** A frame above the threshold is counted by the band; the meter itself counts all. */
const droppedBy = ({ bands }: MeterStats): MeterCount => bands[0] ?? { packets: 0, bytes: 0 };

/** The number in use; a port whose number is held by another has none. */
function numberOf({ interfaces }: ObservedPort): number {
  const [one] = interfaces;
  return one?.ofport != null && one.ofport === one.ofport_request ? one.ofport : -1;
}

function rawCounters(stats: PortStats): RawCounters {
  return {
    rxPackets: stats.rxPackets,
    rxBytes: stats.rxBytes,
    txPackets: stats.txPackets,
    txBytes: stats.txBytes,
    rxMulticastPackets: stats.rxMulticastPackets,
    rxBroadcastPackets: stats.rxBroadcastPackets,
    rxDroppedPackets: stats.rxDropped,
    txDroppedPackets: stats.txDropped,
    rxErrors: stats.rxErrors,
    txErrors: stats.txErrors,
  };
}
