/**
 * Counting what is above a threshold without dropping it: the meter works on a copy of the frame. OpenFlow knows meters that drop, and
 * no others; Open vSwitch refuses a meter inside of `clone(…)`, but takes there a visit to a table whose flow has the meter, and
 * makes a true copy (datapath action `clone`) if something in it can't be undone. The truncated output to the port that the frame came from is
 * such a thing, and sends nothing: a frame is never sent back where it came from. What comes of it is `clone(meter(n))`, proven by
 * ofproto/trace and by packets in test/integration.
 */
import type { Action } from '@opendvs/openflow';

/** The least that the action accepts. */
const TRUNCATED_BYTES = 14;

/** @param table where the frame's copy meets the meter */
export function countWithoutDropping(table: number, inPort: number): Action {
  return {
    type: 'clone',
    actions: [
      { type: 'resubmit', table },
      { type: 'outputTruncated', port: inPort, maxBytes: TRUNCATED_BYTES },
    ],
  };
}
