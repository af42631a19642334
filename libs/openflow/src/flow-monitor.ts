/**
 * News of flows that others have added, changed or deleted: OpenFlow 1.4 flow monitoring (7.3.5.17). What this connection changes itself
 * is not reported, except flows that go with their meter or time out, which nobody asked to delete.
 */
import type { Connection } from './connection';
import { keyOf } from './flow';
import { readMatchBytes, writeMatch } from './match';
import type { Message } from './message';
import { ALL_TABLES, ANY_GROUP, MessageType, MultipartType, ReservedPort } from './protocol';
import { Reader } from './wire/reader';

export type FlowChange =
  | { type: 'added' | 'modified' | 'removed'; key: string; cookie: bigint }
  /** The switch ran out of buffer space: changes have been left out until `resumed`. Read the flows after that. */
  | { type: 'paused' }
  | { type: 'resumed' };

const MONITOR_ID = 1;
/** OFPFMF_ADD, REMOVED, MODIFY: all changes from now on, without instructions. */
const FLAGS = 2 | 4 | 8;
const OFPFMC_ADD = 0;
const EVENTS = { 1: 'added', 2: 'removed', 3: 'modified', 5: 'paused', 6: 'resumed' } as const;

/** From its resolution on, every change by others is passed to `listener`, in order. At most once for a connection. */
export async function monitorFlows(
  connection: Connection,
  listener: (change: FlowChange) => void,
): Promise<void> {
  connection.on('message', ({ type, body }: Message) => {
    if (type !== MessageType.MULTIPART_REPLY || body.readUInt16BE(0) !== MultipartType.FLOW_MONITOR) return;
    const reader = new Reader(body, 8);
    while (reader.remaining > 0) {
      const change = readChange(reader);
      if (change) listener(change);
    }
  });
  await connection.requestMultipart(MultipartType.FLOW_MONITOR, (writer) => {
    writer.u32(MONITOR_ID).u32(ReservedPort.ANY).u32(ANY_GROUP).u16(FLAGS).u8(ALL_TABLES).u8(OFPFMC_ADD);
    writeMatch(writer, {});
  });
}

/** struct ofp_flow_update_full, _abbrev (our own changes: undefined) or _paused. */
function readChange(reader: Reader): FlowChange | undefined {
  const [length, event] = [reader.u16(), reader.u16()];
  const entry = reader.slice(length - 4);
  const type = EVENTS[event as keyof typeof EVENTS];
  if (type === undefined || type === 'paused' || type === 'resumed') return type && { type };
  const table = entry.u8();
  const priority = entry.skip(5).u16();
  const cookie = entry.skip(4).u64();
  return { type, key: keyOf(table, priority, readMatchBytes(entry)), cookie };
}
