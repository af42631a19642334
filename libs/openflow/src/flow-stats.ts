/** What a switch says of its flows: OFPMP_FLOW and OFPMP_AGGREGATE. */
import type { Connection } from './connection';
import { assembleFlow, bodyOf, keyOf, readOptions } from './flow';
import type { Flow, FlowOptions } from './flow';
import type { Match } from './match';
import { readMatchBytes, writeMatch } from './match';
import { ALL_TABLES, ANY_GROUP, MultipartType, ReservedPort } from './protocol';
import { readAll, Reader } from './wire/reader';
import type { Writer } from './wire/writer';

/** Which flows; what is left out restricts nothing. */
export interface FlowFilter {
  table?: number;
  /** Flows whose cookie equals `cookie` in the bits of `cookieMask` (left out: all 64). */
  cookie?: bigint;
  cookieMask?: bigint;
  /** Flows that output to this port. */
  outPort?: number;
  /** Flows at least as specific as this. */
  match?: Match;
}

/** One flow as the switch reports it. `flow()` decodes; the rest is there at once. */
export class FlowStats {
  constructor(
    readonly table: number,
    readonly priority: number,
    readonly cookie: bigint,
    readonly options: FlowOptions,
    readonly durationMs: number,
    readonly packets: number,
    readonly bytes: number,
    private readonly matchAndInstructions: Buffer,
  ) {}

  /** What `flowKey` gives for this flow. */
  get key(): string {
    return keyOf(this.table, this.priority, readMatchBytes(new Reader(this.matchAndInstructions)));
  }

  /** What `flowBody` gives for this flow. */
  get body(): string {
    const reader = new Reader(this.matchAndInstructions);
    readMatchBytes(reader);
    return bodyOf(this.cookie, this.options, reader.bytes(reader.remaining));
  }

  flow(): Flow {
    const reader = new Reader(this.matchAndInstructions);
    return assembleFlow(this, readMatchBytes(reader), reader);
  }
}

export async function readFlows(connection: Connection, filter: FlowFilter = {}): Promise<FlowStats[]> {
  const parts = await connection.requestMultipart(MultipartType.FLOW, (writer) =>
    writeFilter(writer, filter),
  );
  return parts.flatMap((part) => readAll(part, readFlowStats));
}

export interface FlowAggregate {
  flows: number;
  packets: number;
  bytes: number;
}

/** Sums over the flows of a filter, without sending them all. */
export async function readFlowAggregate(
  connection: Connection,
  filter: FlowFilter = {},
): Promise<FlowAggregate> {
  const parts = await connection.requestMultipart(MultipartType.AGGREGATE, (writer) =>
    writeFilter(writer, filter),
  );
  const reader = new Reader(Buffer.concat(parts));
  const [packets, bytes] = [reader.counter(), reader.counter()];
  return { flows: reader.u32(), packets, bytes };
}

/** struct ofp_flow_stats_request, which ofp_aggregate_stats_request equals. */
function writeFilter(writer: Writer, filter: FlowFilter): void {
  const { table = ALL_TABLES, outPort = ReservedPort.ANY, match = {}, cookie } = filter;
  const cookieMask = filter.cookieMask ?? (cookie === undefined ? 0n : 0xffff_ffff_ffff_ffffn);
  writer.u8(table).zeros(3).u32(outPort).u32(ANY_GROUP).zeros(4);
  writer.u64(cookie ?? 0n).u64(cookieMask);
  writeMatch(writer, match);
}

/** struct ofp_flow_stats. */
function readFlowStats(reader: Reader): FlowStats {
  const length = reader.u16();
  const entry = reader.slice(length - 2);
  const table = entry.u8();
  const durationMs = entry.skip(1).u32() * 1000 + Math.floor(entry.u32() / 1e6);
  const priority = entry.u16();
  const options = readOptions(entry);
  const cookie = entry.skip(2).u64();
  const [packets, bytes] = [entry.counter(), entry.counter()];
  return new FlowStats(
    table,
    priority,
    cookie,
    options,
    durationMs,
    packets,
    bytes,
    entry.bytes(entry.remaining),
  );
}
