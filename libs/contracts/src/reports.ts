/** What agents publish. `seq` grows by one with every message of its subject since `bootId` (a start of the agent) began. */
import { z } from 'zod';
import { PORT_STATES, SUPPRESSION_KINDS } from '@opendvs/model';

const id = z.uuid();
const revision = z.int().min(0);
const count = z.number().min(0);
const applied = z.object({ host: revision, shared: revision });
const source = { hostId: id, bootId: id, seq: z.int().min(0), sentAt: z.iso.datetime() };

/** Every second, and at once when something in it changes. */
export const heartbeatSchema = z.object({
  ...source,
  agentVersion: z.string().max(64),
  /** null until the engine has been opened once. */
  engine: z
    .object({
      name: z.string().max(64),
      version: z.string().max(256),
      up: z.boolean(),
      reason: z.string().max(2000).nullable(),
      capabilities: z.object({
        switchModes: z.array(z.string().max(64)).max(16),
        suppressionKinds: z.array(z.enum(SUPPRESSION_KINDS)),
        unsupported: z.record(z.string().max(128), z.string().max(2000)),
        maxPorts: z.int().min(0),
      }),
    })
    .nullable(),
  /** Is the desired state the agent acts on current, the last-good copy of its disk, or not there yet? */
  desiredState: z.enum(['none', 'cached', 'current', 'refused']),
  desiredStateReason: z.string().max(2000).nullable(),
  appliedRevisions: applied,
  /** Objects that could not be applied, those of ports not included (they have a status of their own). */
  problems: z.array(z.object({ object: z.string().max(256), message: z.string().max(2000) })).max(100),
});

export const portStatusSchema = z.object({
  portId: id,
  state: z.enum(PORT_STATES),
  reason: z.string().max(2000).nullable(),
  since: z.iso.datetime(),
  appliedRevision: revision,
});

/**
 * Changes of port states and of what is applied. `full`: `ports` are all the host has (the first one after a start and on
 * request); a manager that misses a `seq` asks for one by the RPC `report-all`. A port that is no more is in `gone`.
 * One report carries at most 2,000 ports; a full report of more is split: `part` counts its pieces from 0, `last` is true on the
 * last one. Nothing else is sent on the subject between the pieces.
 */
export const statusReportSchema = z.object({
  ...source,
  full: z.boolean(),
  part: z.int().min(0).default(0),
  last: z.boolean(),
  appliedRevisions: applied,
  ports: z.array(portStatusSchema).max(2000),
  gone: z.array(id).max(2000),
});

export const portCountersSchema = z.object({
  portId: id,
  epoch: z.string().min(1).max(200),
  rxPackets: count,
  rxBytes: count,
  txPackets: count,
  txBytes: count,
  rxUnicastPackets: count,
  rxMulticastPackets: count,
  rxBroadcastPackets: count,
  rxDroppedPackets: count,
  txDroppedPackets: count,
  rxErrors: count,
  txErrors: count,
  suppressed: z.partialRecord(z.enum(SUPPRESSION_KINDS), z.object({ packets: count, bytes: count })),
  vhostConnects: count,
});

/** Every `intervalMs` (5000 by default), all ports, at most 1,000 a message. */
export const countersReportSchema = z.object({
  ...source,
  takenAt: z.iso.datetime(),
  ports: z.array(portCountersSchema).max(1000),
});

export type Heartbeat = z.infer<typeof heartbeatSchema>;
export type StatusReport = z.infer<typeof statusReportSchema>;
export type CountersReport = z.infer<typeof countersReportSchema>;
