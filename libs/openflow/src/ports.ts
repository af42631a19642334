/** The bridge's ports as OpenFlow sees them: their list, their counters, and news of them. */
import type { Connection } from './connection';
import type { Message, OutgoingMessage } from './message';
import { EXPERIMENTER, MessageType, MultipartType, ReservedPort } from './protocol';
import { Transaction } from './transaction';
import { readAll, Reader } from './wire/reader';

export interface PortDescription {
  /** OpenFlow port number (ofport in OVSDB); ReservedPort.LOCAL for the bridge's own interface. */
  port: number;
  name: string;
  mac: string;
  /** OFPPS_LINK_DOWN: no peer, or no carrier. */
  linkDown: boolean;
  /** OFPPC_PORT_DOWN: switched off. */
  adminDown: boolean;
}

export interface PortChange {
  reason: 'add' | 'delete' | 'modify';
  port: PortDescription;
}

/**
 * Counters from the switch's point of view: rx is what the VM sent. null: the port type doesn't count this. A dpdkvhostuserclient
 * port has no counters but `custom` ones while no VM is connected, and starts from zero with each connection.
 */
export interface PortStats {
  port: number;
  /** Since the port was made, whatever happened to its counters. */
  durationMs: number;
  rxPackets: number | null;
  txPackets: number | null;
  rxBytes: number | null;
  txBytes: number | null;
  rxDropped: number | null;
  txDropped: number | null;
  rxErrors: number | null;
  txErrors: number | null;
  rxBroadcastPackets: number | null;
  /** Group addresses other than broadcast. */
  rxMulticastPackets: number | null;
  txBroadcastPackets: number | null;
  txMulticastPackets: number | null;
  /** Whatever else the port type counts, by the names that it uses: `rx_q0_multicast_packets`. */
  custom: Record<string, number>;
}

const PORT_DOWN = 1;
const LINK_DOWN = 1;
const REASONS = ['add', 'delete', 'modify'] as const;
const INTEL_EXPERIMENTER = 0xaa01;
const INTEL_RFC2819 = 1;
const INTEL_CUSTOM = 2;
const RX_QUEUE_MULTICAST = /^rx_q\d+_multicast_packets$/;

export async function readPorts(connection: Connection): Promise<PortDescription[]> {
  const parts = await connection.requestMultipart(MultipartType.PORT_DESC, () => undefined);
  return parts.flatMap((part) => readAll(part, readPort));
}

/**
 * Switches ports on, as `ip link set … up` does for a NIC of the kernel: in the switch's own network namespace, whichever that is.
 * Rejects with the first OpenFlowError: a port that is gone by now, for instance.
 */
export async function switchPortsOn(
  connection: Connection,
  ports: readonly Pick<PortDescription, 'port' | 'mac'>[],
): Promise<void> {
  const transaction = new Transaction(connection);
  try {
    await transaction.send(ports.map(switchOn));
  } finally {
    transaction.end();
  }
  for (const error of transaction.errors.values()) throw error;
}

/** struct ofp_port_mod: clears OFPPC_PORT_DOWN and nothing else. */
const switchOn = ({ port, mac }: Pick<PortDescription, 'port' | 'mac'>): OutgoingMessage => ({
  type: MessageType.PORT_MOD,
  writeBody: (writer) =>
    writer
      .u32(port)
      .zeros(4)
      .bytes(Buffer.from(mac.replaceAll(':', ''), 'hex'))
      .zeros(2)
      .u32(0)
      .u32(PORT_DOWN),
});

/**
 * From its resolution on, `listener` is called for each port that comes, goes or changes (link state included). At most once for a
 * connection.
 */
export async function monitorPorts(
  connection: Connection,
  listener: (change: PortChange) => void,
): Promise<void> {
  connection.on('message', ({ type, body }: Message) => {
    if (type !== MessageType.PORT_STATUS) return;
    const reader = new Reader(body);
    const reason = REASONS[reader.u8()];
    if (reason) listener({ reason, port: readPort(reader.skip(7)) });
  });
  const transaction = new Transaction(connection);
  try {
    await transaction.send([noPacketIns, wantAsynchronousMessages]);
  } finally {
    transaction.end();
  }
  for (const error of transaction.errors.values()) throw error;
}

/** OFPT_SET_ASYNC with OFPACPT_PACKET_IN_MASTER empty: a guest must not be able to send us its frames. */
const noPacketIns: OutgoingMessage = {
  type: MessageType.SET_ASYNC,
  writeBody: (writer) => writer.u16(1).u16(8).u32(0),
};

/** OFPT_SET_CONFIG: Open vSwitch sends asynchronous messages on a management socket only to who has set a "miss_send_len". */
const wantAsynchronousMessages: OutgoingMessage = {
  type: MessageType.SET_CONFIG,
  writeBody: (writer) => writer.u16(0).u16(128),
};

/** struct ofp_port; its properties (Ethernet speeds) are of no use for virtual ports. */
function readPort(reader: Reader): PortDescription {
  const port = reader.u32();
  const length = reader.u16();
  const entry = reader.slice(length - 6).skip(2);
  const mac = (entry.hex(6).match(/../g) ?? []).join(':');
  const name = entry.skip(2).bytes(16).toString('utf8').replace(/\0.*$/s, '');
  const [config, state] = [entry.u32(), entry.u32()];
  return { port, name, mac, linkDown: (state & LINK_DOWN) !== 0, adminDown: (config & PORT_DOWN) !== 0 };
}

/** Counters of all ports. */
export async function readPortStats(connection: Connection): Promise<PortStats[]> {
  const parts = await connection.requestMultipart(MultipartType.PORT_STATS, (writer) =>
    writer.u32(ReservedPort.ANY).zeros(4),
  );
  return parts.flatMap(decodePortStats);
}

/** One part of a reply. */
export const decodePortStats = (part: Buffer): PortStats[] => readAll(part, readPortStatsEntry);

/** struct ofp_port_stats. */
function readPortStatsEntry(reader: Reader): PortStats {
  const length = reader.u16();
  const entry = reader.slice(length - 2).skip(2);
  const stats: PortStats = {
    port: entry.u32(),
    durationMs: entry.u32() * 1000 + Math.floor(entry.u32() / 1e6),
    rxPackets: entry.counterOrNull(),
    txPackets: entry.counterOrNull(),
    rxBytes: entry.counterOrNull(),
    txBytes: entry.counterOrNull(),
    rxDropped: entry.counterOrNull(),
    txDropped: entry.counterOrNull(),
    rxErrors: entry.counterOrNull(),
    txErrors: entry.counterOrNull(),
    rxBroadcastPackets: null,
    rxMulticastPackets: null,
    txBroadcastPackets: null,
    txMulticastPackets: null,
    custom: {},
  };
  while (entry.remaining > 0) readStatsProperty(entry, stats);
  return stats;
}

/** Of the properties, Intel's two extensions (openflow/intel-ext.h of Open vSwitch) say what we want to know. */
function readStatsProperty(reader: Reader, stats: PortStats): void {
  const [type, length] = [reader.u16(), reader.u16()];
  const property = reader.slice(length - 4);
  reader.skip(Math.min(-length & 7, reader.remaining));
  if (type !== EXPERIMENTER || property.u32() !== INTEL_EXPERIMENTER) return;
  const kind = property.u32();
  if (kind === INTEL_RFC2819) readRfc2819(property, stats);
  if (kind === INTEL_CUSTOM) readCustom(property, stats);
}

function readRfc2819(property: Reader, stats: PortStats): void {
  const sizeHistogramsBytes = 14 * 8;
  property.skip(4 + sizeHistogramsBytes);
  stats.txMulticastPackets = property.counterOrNull();
  stats.rxBroadcastPackets = property.counterOrNull();
  stats.txBroadcastPackets = property.counterOrNull();
}

function readCustom(property: Reader, stats: PortStats): void {
  const count = property.skip(2).u16();
  for (let i = 0; i < count; i += 1) {
    const name = property.bytes(property.u8()).toString('utf8');
    const value = property.counter();
    stats.custom[name] = value;
    // Per queue, and nowhere else, as the RFC 2819 property has no place for it.
    if (RX_QUEUE_MULTICAST.test(name)) stats.rxMulticastPackets = (stats.rxMulticastPackets ?? 0) + value;
  }
}
