/**
 * Simulated traffic: what VMs offer, what the rules' meters let through, who receives it, and the counters of all that.
 * Computed when somebody looks, for the time since somebody looked last: the load and the rules are steady in between.
 */
import { rangesContain, type PortCounters, type SuppressionKind, type VlanConfig } from '@opendvs/model';
import type { MeterSpec, PortSpec, RuleSpec } from './sim-objects';
import { TokenBucket } from './token-bucket';

export const FRAME_CLASSES = [
  'unicast',
  'unknownUnicast',
  'arpBroadcast',
  'ipBroadcast',
  'otherBroadcast',
  'multicast',
] as const;
export type FrameClass = (typeof FRAME_CLASSES)[number];

/** A steady stream of frames that a VM sends. Unicast goes to `toPortId`; all else is flooded in the VLAN. */
export interface OfferedLoad {
  frameClass: FrameClass;
  packetsPerSecond: number;
  /** Whole frames without FCS. */
  frameBytes: number;
  toPortId?: string;
}

export interface TrafficPort {
  spec: PortSpec;
  connected: boolean;
  offers: readonly OfferedLoad[];
  rules: readonly { spec: RuleSpec; meter: MeterSpec }[];
}

interface Counts {
  packets: number;
  bytes: number;
}

interface PortRecord {
  epoch: string;
  rx: Counts;
  tx: Counts;
  rxUnicast: number;
  rxMulticast: number;
  rxBroadcast: number;
  rxDropped: number;
  suppressed: Partial<Record<SuppressionKind, Counts>>;
  buckets: Map<string, { spec: MeterSpec; bucket: TokenBucket }>;
}

interface Stream {
  frameClass: FrameClass;
  frameBytes: number;
  packets: number;
  toPortId: string | undefined;
}

/** The kinds of threshold that a frame has to pass, in the order in which it meets them. */
const THRESHOLDS_OF: Record<FrameClass, readonly SuppressionKind[]> = {
  unicast: [],
  unknownUnicast: ['unknownUnicast'],
  arpBroadcast: ['arpBroadcast', 'allBroadcast'],
  ipBroadcast: ['ipBroadcast', 'allBroadcast'],
  otherBroadcast: ['allBroadcast'],
  multicast: ['multicast'],
};
const METER_ORDER: readonly SuppressionKind[] = [
  'arpBroadcast',
  'ipBroadcast',
  'multicast',
  'unknownUnicast',
  'allBroadcast',
];

export class SimulatedTraffic {
  private readonly records = new Map<string, PortRecord>();
  private epochs = 0;

  /** @param boot names this run of the engine: part of every epoch */
  constructor(private readonly boot: string) {}

  /** Accounts for `seconds` of steady traffic between `ports`. */
  pass(ports: readonly TrafficPort[], seconds: number): void {
    for (const port of ports) {
      const record = this.recordOf(port.spec.portId);
      if (!port.connected) continue;
      for (const stream of this.send(port, record, seconds)) this.deliver(stream, port, ports);
    }
  }

  countersOf(port: TrafficPort, vhostConnects: number): PortCounters {
    const { epoch, rx, tx, rxUnicast, rxMulticast, rxBroadcast, rxDropped, suppressed } = this.recordOf(
      port.spec.portId,
    );
    const whole = ({ packets, bytes }: Counts) => ({
      packets: Math.floor(packets),
      bytes: Math.floor(bytes),
    });
    return {
      portId: port.spec.portId,
      epoch,
      rxPackets: whole(rx).packets,
      rxBytes: whole(rx).bytes,
      txPackets: whole(tx).packets,
      txBytes: whole(tx).bytes,
      rxUnicastPackets: Math.floor(rxUnicast),
      rxMulticastPackets: Math.floor(rxMulticast),
      rxBroadcastPackets: Math.floor(rxBroadcast),
      rxDroppedPackets: Math.floor(rxDropped),
      txDroppedPackets: 0,
      rxErrors: 0,
      txErrors: 0,
      suppressed: Object.fromEntries(
        port.rules.map(({ spec }) => [
          spec.suppress,
          whole(suppressed[spec.suppress] ?? { packets: 0, bytes: 0 }),
        ]),
      ),
      vhostConnects,
    };
  }

  /** The port is no more: should it be made again, its counters begin anew. */
  forget(portId: string): void {
    this.records.delete(portId);
  }

  private recordOf(portId: string): PortRecord {
    let record = this.records.get(portId);
    if (!record) {
      record = {
        epoch: `${this.boot}.${++this.epochs}`,
        rx: { packets: 0, bytes: 0 },
        tx: { packets: 0, bytes: 0 },
        rxUnicast: 0,
        rxMulticast: 0,
        rxBroadcast: 0,
        rxDropped: 0,
        suppressed: {},
        buckets: new Map(),
      };
      this.records.set(portId, record);
    }
    return record;
  }

  /** What of the port's offers gets into the switch. Counters of what the VM sent include what is dropped. */
  private send(port: TrafficPort, record: PortRecord, seconds: number): Stream[] {
    const streams = port.offers.map(({ frameClass, frameBytes, packetsPerSecond, toPortId }) => ({
      frameClass,
      frameBytes,
      toPortId,
      packets: packetsPerSecond * seconds,
    }));
    for (const { frameClass, frameBytes, packets } of streams) {
      add(record.rx, packets, frameBytes);
      if (frameClass === 'unicast' || frameClass === 'unknownUnicast') record.rxUnicast += packets;
      else if (frameClass === 'multicast') record.rxMulticast += packets;
      else record.rxBroadcast += packets;
    }
    if (!port.spec.enabled) {
      for (const { packets } of streams) record.rxDropped += packets;
      return [];
    }
    for (const kind of METER_ORDER) this.meter(kind, port, record, streams, seconds);
    return streams;
  }

  private meter(
    kind: SuppressionKind,
    port: TrafficPort,
    record: PortRecord,
    streams: Stream[],
    seconds: number,
  ): void {
    const rule = port.rules.find(({ spec }) => spec.suppress === kind);
    if (!rule) return;
    const metered = streams.filter(({ frameClass }) => THRESHOLDS_OF[frameClass].includes(kind));
    const tokens = ({ packets, frameBytes }: Stream) =>
      rule.meter.unit === 'pps' ? packets : (packets * frameBytes * 8) / 1000;
    const demand = metered.reduce((sum, stream) => sum + tokens(stream), 0);
    const passing = this.bucketOf(rule.spec.meterKey, rule.meter, record).take(demand, seconds);
    const count = (record.suppressed[kind] ??= { packets: 0, bytes: 0 });
    for (const stream of metered) {
      const excess = stream.packets * (1 - passing);
      add(count, excess, stream.frameBytes);
      if (!rule.spec.observeOnly) stream.packets -= excess;
    }
  }

  private bucketOf(key: string, spec: MeterSpec, record: PortRecord): TokenBucket {
    const known = record.buckets.get(key);
    if (known && known.spec === spec) return known.bucket;
    const bucket = new TokenBucket(spec.rate, spec.burst);
    record.buckets.set(key, { spec, bucket });
    return bucket;
  }

  private deliver(stream: Stream, from: TrafficPort, ports: readonly TrafficPort[]): void {
    const vlanId = sendingVlan(from.spec.vlan);
    if (vlanId === null) return;
    for (const to of ports) {
      const reachable = to !== from && to.connected && to.spec.enabled && to.spec.bridge === from.spec.bridge;
      const addressed = stream.frameClass !== 'unicast' || stream.toPortId === to.spec.portId;
      if (reachable && addressed && carries(to.spec.vlan, vlanId))
        add(this.recordOf(to.spec.portId).tx, stream.packets, stream.frameBytes);
    }
  }
}

/** Simulated VMs send untagged: in the access VLAN, or the native one of a trunk; null: the switch takes no such frame. */
function sendingVlan(vlan: VlanConfig): number | null {
  return vlan.type === 'access' ? vlan.vlanId : vlan.nativeVlanId;
}

function carries(vlan: VlanConfig, vlanId: number): boolean {
  if (vlan.type === 'access') return vlan.vlanId === vlanId;
  return vlan.nativeVlanId === vlanId || rangesContain(vlan.trunkVlans, vlanId);
}

function add(counts: Counts, packets: number, frameBytes: number): void {
  counts.packets += packets;
  counts.bytes += packets * frameBytes;
}
