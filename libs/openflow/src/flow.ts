/**
 * A flow as plain data, and its two canonical byte strings: `flowKey` says which flow it is (table, priority, match), `flowBody`
 * what it does (cookie, timeouts, flags, instructions). Both are the same, byte for byte, as what the switch reports of the
 * flow once it is in: so desired and actual are compared as strings, and only what differs is ever decoded.
 */
import type { Instructions } from './instructions';
import { readInstructions, writeInstructions } from './instructions';
import type { Match } from './match';
import { decodeMatch, readMatchBytes, writeMatch } from './match';
import { ANY_GROUP, MessageType, NO_BUFFER, ReservedPort } from './protocol';
import type { OutgoingMessage } from './message';
import { Reader } from './wire/reader';
import { Writer } from './wire/writer';

export interface Flow {
  /** 0..254. */
  table: number;
  /** 0..65535; the highest that matches wins. */
  priority: number;
  /** 64 bits of its maker's own: what the flow is for. */
  cookie: bigint;
  match: Match;
  instructions: Instructions;
  /** Left out: all zero, a flow that stays until it is deleted. */
  options?: FlowOptions;
}

export interface FlowOptions {
  /** Seconds without a frame, or since it was made, until the switch deletes it; 0 never. */
  idleTimeoutSeconds: number;
  hardTimeoutSeconds: number;
  /** OFPFF_* bits. */
  flags: number;
  /** Which goes first when a full table evicts. */
  importance: number;
}

const NO_OPTIONS: FlowOptions = { idleTimeoutSeconds: 0, hardTimeoutSeconds: 0, flags: 0, importance: 0 };

/** Hex of table, priority and the match's entries: what makes it this flow and no other. */
export function flowKey({ table, priority, match }: Pick<Flow, 'table' | 'priority' | 'match'>): string {
  const writer = new Writer();
  writeMatch(writer, match);
  return keyOf(table, priority, readMatchBytes(new Reader(writer.view())));
}

/** Hex of cookie, options and instructions: two flows of one key with equal bodies are the same flow. */
export function flowBody(flow: Pick<Flow, 'cookie' | 'instructions' | 'options'>): string {
  const writer = new Writer();
  writeInstructions(writer, flow.instructions);
  return bodyOf(flow.cookie, flow.options ?? NO_OPTIONS, writer.view());
}

export function keyOf(table: number, priority: number, oxm: Buffer): string {
  return ((table << 16) | priority).toString(16).padStart(6, '0') + oxm.toString('hex');
}

export function bodyOf(cookie: bigint, options: FlowOptions, instructions: Buffer): string {
  const head = new Writer(16).u64(cookie);
  head
    .u16(options.idleTimeoutSeconds)
    .u16(options.hardTimeoutSeconds)
    .u16(options.flags)
    .u16(options.importance);
  return head.hex() + instructions.toString('hex');
}

/** The flow of which `key` and `body` are `flowKey` and `flowBody`. Throws ProtocolError when they are of none. */
export function decodeFlow(key: string, body: string): Flow {
  const keyReader = new Reader(Buffer.from(key, 'hex'));
  const [table, priority] = [keyReader.u8(), keyReader.u16()];
  const oxm = keyReader.bytes(keyReader.remaining);
  const bodyReader = new Reader(Buffer.from(body, 'hex'));
  const cookie = bodyReader.u64();
  const options = readOptions(bodyReader);
  return assembleFlow({ table, priority, cookie, options }, oxm, bodyReader);
}

/** The four fields as they stand side by side in struct ofp_flow_stats. */
export const readOptions = (reader: Reader): FlowOptions => ({
  idleTimeoutSeconds: reader.u16(),
  hardTimeoutSeconds: reader.u16(),
  flags: reader.u16(),
  importance: reader.u16(),
});

export function assembleFlow(
  { table, priority, cookie, options }: Required<Omit<Flow, 'match' | 'instructions'>>,
  oxm: Buffer,
  instructions: Reader,
): Flow {
  const flow = {
    table,
    priority,
    cookie,
    match: decodeMatch(oxm),
    instructions: readInstructions(instructions),
  };
  return Object.values(options).some((value) => value !== 0) ? { ...flow, options } : flow;
}

/**
 * A change of the flow tables. `add` replaces a flow of the same key with all it has; `modify` changes the instructions of that
 * flow and nothing else (neither cookie nor options), and does nothing when there is none; `delete` likewise.
 */
export type FlowMod =
  | { command: 'add'; flow: Flow }
  | { command: 'modify'; flow: Flow }
  | { command: 'delete'; flow: Pick<Flow, 'table' | 'priority' | 'match'> };

/** OFPFC_ADD, OFPFC_MODIFY_STRICT, OFPFC_DELETE_STRICT. */
const COMMANDS = { add: 0, modify: 2, delete: 4 } as const;

export const flowModMessage = (mod: FlowMod): OutgoingMessage => ({
  type: MessageType.FLOW_MOD,
  writeBody: (writer) => writeFlowMod(writer, mod),
});

/** struct ofp_flow_mod behind its header. */
export function writeFlowMod(writer: Writer, mod: FlowMod): void {
  const { table, priority, match } = mod.flow;
  const full = mod.command === 'delete' ? undefined : mod.flow;
  const options = full?.options ?? NO_OPTIONS;
  writer
    .u64(full?.cookie ?? 0n)
    .u64(0n)
    .u8(table)
    .u8(COMMANDS[mod.command]);
  writer.u16(options.idleTimeoutSeconds).u16(options.hardTimeoutSeconds).u16(priority);
  writer.u32(NO_BUFFER).u32(ReservedPort.ANY).u32(ANY_GROUP).u16(options.flags).u16(options.importance);
  writeMatch(writer, match);
  if (full) writeInstructions(writer, full.instructions);
}
