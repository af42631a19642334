/**
 * All-or-nothing changes of the flow tables: OpenFlow 1.4 bundles (7.3.9), atomic and ordered; no frame ever meets a part of the change.
 * Open, flow mods and a barrier go out in one write, the commit only when none of them was refused: Open vSwitch leaves a
 * flow mod that it can't accept out of the bundle, and would commit the rest.
 */
import type { Connection } from './connection';
import type { OpenFlowError } from './errors';
import type { FlowMod } from './flow';
import { flowModMessage } from './flow';
import { formatFlowMod } from './format';
import type { OutgoingMessage } from './message';
import { writeMessage } from './message';
import { MessageType } from './protocol';
import { Transaction } from './transaction';

const OPEN_REQUEST = 0;
const COMMIT_REQUEST = 4;
const DISCARD_REQUEST = 6;
const ATOMIC_AND_ORDERED = 3;

/** A flow mod that the switch refused, or the bundle as a whole (`mod` null). */
export interface BundleFailure {
  mod: FlowMod | null;
  error: OpenFlowError;
}

/** The switch refused a bundle: nothing of it has been applied. */
export class BundleError extends Error {
  override readonly name = 'BundleError';

  constructor(readonly failures: readonly BundleFailure[]) {
    const named = failures.filter(({ mod }) => mod !== null);
    const listed = (named.length > 0 ? named : failures).slice(0, 5).map(describe);
    super(
      `flow bundle refused, nothing of it applied: ${listed.join('; ')}${named.length > 5 ? ` and ${named.length - 5} more` : ''}`,
    );
  }
}

const describe = ({ mod, error }: BundleFailure): string =>
  mod ? `${error.errorName} for ${formatFlowMod(mod)}` : error.errorName;

let lastBundleId = 0;

/**
 * Applies all of `mods`, in their order, or none: then it rejects with BundleError, which names the flows concerned. With
 * RequestTimeoutError or ConnectionClosedError it is unknown which of both: read the flows back. Throws RangeError, before anything is
 * sent, for a flow that can't be encoded.
 */
export async function applyBundle(connection: Connection, mods: readonly FlowMod[]): Promise<void> {
  if (mods.length === 0) return;
  lastBundleId = (lastBundleId + 1) >>> 0;
  const bundleId = lastBundleId;
  const transaction = new Transaction(connection);
  try {
    await transaction.send([
      bundleControl(bundleId, OPEN_REQUEST),
      ...mods.map((mod) => bundleAdd(bundleId, mod)),
    ]);
    const accepted = transaction.errors.size === 0;
    await transaction.send([bundleControl(bundleId, accepted ? COMMIT_REQUEST : DISCARD_REQUEST)]);
  } finally {
    transaction.end();
  }
  if (transaction.errors.size === 0) return;
  throw new BundleError(
    [...transaction.errors].map(([index, error]) => ({ mod: mods[index - 1] ?? null, error })),
  );
}

const bundleControl = (bundleId: number, control: number): OutgoingMessage => ({
  type: MessageType.BUNDLE_CONTROL,
  writeBody: (writer) => writer.u32(bundleId).u16(control).u16(ATOMIC_AND_ORDERED),
});

/** The message within bears the transaction id of the one around it. */
const bundleAdd = (bundleId: number, mod: FlowMod): OutgoingMessage => ({
  type: MessageType.BUNDLE_ADD_MESSAGE,
  writeBody(writer, xid) {
    writer.u32(bundleId).u16(0).u16(ATOMIC_AND_ORDERED);
    try {
      writeMessage(writer, flowModMessage(mod), xid);
    } catch (error) {
      throw new RangeError(`${formatFlowMod(mod)}: ${(error as Error).message}`, { cause: error });
    }
  },
});
