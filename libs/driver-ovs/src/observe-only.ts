/**
 * Counting what is above a threshold without dropping it: the meter works on a copy of the frame. OpenFlow knows meters that drop, and
 * no others; Open vSwitch refuses a meter inside of `clone(…)`, but takes there a visit to a table whose flow has the meter, and
 * makes a true copy (datapath action `clone`) if something in it can't be undone. The truncated output to the port that the frame came from is
 * such a thing, and sends nothing: a frame is never sent back where it came from. What comes of it is `clone(meter(n))`, proven by
 * ofproto/trace and by packets in test/integration.
 */
import type { Action } from '@opendvs/openflow';

const NICIRA_VENDOR_ACTION = 0xffff;
const NICIRA_EXPERIMENTER = 0x2320;
const NXAST_RESUBMIT_TABLE = 14;
const NXAST_OUTPUT_TRUNC = 39;
const NXAST_CLONE = 42;
/** OFPP_IN_PORT of OpenFlow 1.0, which Nicira's actions use: looks the frame up with the port that it came from. */
const SAME_IN_PORT = 0xfff8;
/** The least that the action accepts. */
const TRUNCATED_BYTES = 14;

/** `clone(resubmit(,table),output(port=inPort,max_len=14))`: libs/openflow has no names for these extensions. */
export function countWithoutDropping(table: number, inPort: number): Action {
  const resubmit = niciraAction(16, NXAST_RESUBMIT_TABLE, (body) => {
    body.writeUInt16BE(SAME_IN_PORT, 0);
    body.writeUInt8(table, 2);
  });
  const truncatedOutput = niciraAction(16, NXAST_OUTPUT_TRUNC, (body) => {
    body.writeUInt16BE(inPort, 0);
    body.writeUInt32BE(TRUNCATED_BYTES, 2);
  });
  const nested = Buffer.concat([resubmit, truncatedOutput]);
  const clone = niciraAction(16 + nested.length, NXAST_CLONE, (body) => nested.copy(body, 6));
  return { type: 'unknown', hex: clone.toString('hex') };
}

/** struct nx_action_header and a body of `bytes - 10`, zero where `fill` writes nothing. */
function niciraAction(bytes: number, subtype: number, fill: (body: Buffer) => void): Buffer {
  const action = Buffer.alloc(bytes);
  action.writeUInt16BE(NICIRA_VENDOR_ACTION, 0);
  action.writeUInt16BE(bytes, 2);
  action.writeUInt32BE(NICIRA_EXPERIMENTER, 4);
  action.writeUInt16BE(subtype, 8);
  fill(action.subarray(10));
  return action;
}
