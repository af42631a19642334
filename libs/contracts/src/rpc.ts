/** Request/reply between manager and one agent. Every request carries its host's id, so that a misrouted one is refused. */
import { z } from 'zod';
import { portCountersSchema, portStatusSchema } from './reports';

const id = z.uuid();

/** `plan`: what the agent would do now, after reading the engine back (an audit). Empty when in sync. */
export const planRequestSchema = z.object({ hostId: id });
export const planReplySchema = z.object({
  hostId: id,
  /** Nothing to do, and nothing withheld. */
  inSync: z.boolean(),
  steps: z.array(
    z.object({
      verb: z.enum(['create', 'update', 'recreate', 'delete']),
      key: z.string(),
      because: z.string(),
      dropsTraffic: z.boolean(),
    }),
  ),
  /** Steps left out of `steps`, the first ones being there: a message has a limited size. */
  omitted: z.int().min(0).default(0),
  /** Objects that the plan leaves as they are, and why: invalid, or waiting for something that is. The first 100. */
  withheld: z.array(z.object({ key: z.string(), reason: z.string() })).default([]),
});

/** `port`: one port, asked of the engine now. */
export const portRequestSchema = z.object({ hostId: id, portId: id });
export const portReplySchema = z.object({
  status: portStatusSchema.nullable(),
  counters: portCountersSchema.nullable(),
  /** The engine's own words, for people: bridge, ofport, socket, queues … */
  engine: z.record(z.string(), z.unknown()),
});

/** `report-all`: send a full status report now; answered once it is sent. */
export const reportAllRequestSchema = z.object({ hostId: id });
export const reportAllReplySchema = z.object({ ports: z.int().min(0) });

export type PlanReply = z.infer<typeof planReplySchema>;
export type PortReply = z.infer<typeof portReplySchema>;
export type ReportAllReply = z.infer<typeof reportAllReplySchema>;
