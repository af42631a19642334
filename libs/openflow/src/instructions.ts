/**
 * What happens to a frame that a flow has matched: at most one of each instruction, always carried out in this order: meter,
 * apply (actions at once), write (actions for the end of the pipeline), next table. A flow with none of them drops the frame.
 */
import type { Action } from './actions';
import { readActions, writeActions } from './actions';
import type { Reader } from './wire/reader';
import type { Writer } from './wire/writer';

export interface Instructions {
  /** Frames above this meter's rate are dropped here. The meter must exist before the flow. */
  meter?: number;
  apply?: readonly Action[];
  write?: readonly Action[];
  /** A later table than the flow's own. */
  gotoTable?: number;
  /** Instructions of other kinds, of flows that others have made: their bytes in hex. */
  unknown?: string;
}

const OFPIT_GOTO_TABLE = 1;
const OFPIT_WRITE_ACTIONS = 3;
const OFPIT_APPLY_ACTIONS = 4;
const OFPIT_METER = 6;

/** Canonical, as Open vSwitch writes them: in the order above, empty action lists left out. */
export function writeInstructions(writer: Writer, instructions: Instructions): void {
  const { meter, apply, write, gotoTable, unknown } = instructions;
  if (meter !== undefined) writer.u16(OFPIT_METER).u16(8).u32(meter);
  writeActionList(writer, OFPIT_APPLY_ACTIONS, apply);
  writeActionList(writer, OFPIT_WRITE_ACTIONS, write);
  if (unknown !== undefined) writer.bytes(Buffer.from(unknown, 'hex'));
  if (gotoTable !== undefined) writer.u16(OFPIT_GOTO_TABLE).u16(8).u8(gotoTable).zeros(3);
}

function writeActionList(writer: Writer, type: number, actions: readonly Action[] = []): void {
  if (actions.length === 0) return;
  const start = writer.length;
  writer.u16(type).u16(0).zeros(4);
  writeActions(writer, actions);
  writer.patchU16(start + 2, writer.length - start);
}

export function readInstructions(reader: Reader): Instructions {
  const instructions: Instructions = {};
  while (reader.remaining > 0) {
    const [type, length] = [reader.u16(), reader.u16()];
    const body = reader.slice(length - 4);
    switch (type) {
      case OFPIT_METER:
        instructions.meter = body.u32();
        break;
      case OFPIT_APPLY_ACTIONS:
        instructions.apply = readActions(body.skip(4));
        break;
      case OFPIT_WRITE_ACTIONS:
        instructions.write = readActions(body.skip(4));
        break;
      case OFPIT_GOTO_TABLE:
        instructions.gotoTable = body.u8();
        break;
      default: {
        const header = ((type << 16) | length) >>> 0;
        instructions.unknown = `${instructions.unknown ?? ''}${header.toString(16).padStart(8, '0')}${body.hex(length - 4)}`;
      }
    }
  }
  return instructions;
}
