/** Values of the desired-state bucket: a whole object each, with its revision, or a tombstone that says when it went. */
import { z } from 'zod';
import {
  BOND_MODES,
  ENGINES,
  MTU_BYTES_MAX,
  MTU_BYTES_MIN,
  PORT_NUMBER_MAX,
  PORT_NUMBER_MIN,
  SUPPRESSION_RATE_KBPS_MAX,
  SUPPRESSION_RATE_PPS_MAX,
  SWITCH_MODES,
  VLAN_ID_MAX,
  VLAN_ID_MIN,
} from '@opendvs/model';

const id = z.uuid();
const name = z.string().min(1).max(256);
const revision = z.int().min(0);
const vlanId = z.int().min(VLAN_ID_MIN).max(VLAN_ID_MAX);
const vlanRange = z
  .object({ first: vlanId, last: vlanId })
  .refine((r) => r.first <= r.last, 'range runs backwards');

const threshold = z.discriminatedUnion('unit', [
  z.object({ unit: z.literal('kbps'), rate: z.int().min(1).max(SUPPRESSION_RATE_KBPS_MAX) }),
  z.object({ unit: z.literal('pps'), rate: z.int().min(1).max(SUPPRESSION_RATE_PPS_MAX) }),
]);

const macAddress = z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
/** Kernel interface names end up as arguments and paths on the host: no separators, no leading dash or dot. */
const nic = z.union([
  z.strictObject({ kernelName: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/) }),
  z.strictObject({ pciAddress: z.string().regex(/^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/) }),
]);

export const switchSchema = z.object({
  id,
  revision,
  name,
  mode: z.enum(SWITCH_MODES),
  mtuBytes: z.int().min(MTU_BYTES_MIN).max(MTU_BYTES_MAX),
});

export const portGroupSchema = z.object({
  id,
  revision,
  switchId: id,
  name,
  vlan: z.discriminatedUnion('type', [
    z.object({ type: z.literal('access'), vlanId: z.int().min(0).max(VLAN_ID_MAX) }),
    z.object({
      type: z.literal('trunk'),
      trunkVlans: z.array(vlanRange).min(1).max(4094),
      nativeVlanId: vlanId.nullable(),
    }),
  ]),
  adminStatus: z.enum(['up', 'down']),
  broadcastSuppression: z.object({
    observeOnly: z.boolean(),
    arpBroadcast: threshold.nullable(),
    ipBroadcast: threshold.nullable(),
    allBroadcast: threshold.nullable(),
    multicast: threshold.nullable(),
    unknownUnicast: threshold.nullable(),
  }),
});

export const portSchema = z.object({
  id,
  revision,
  hostId: id,
  switchId: id,
  portGroupId: id,
  name,
  number: z.int().min(PORT_NUMBER_MIN).max(PORT_NUMBER_MAX),
  macAddress,
  queues: z.int().min(1).max(8),
  ringSize: z.int().min(256).max(1024),
});

export const uplinkGroupSchema = z.object({
  id,
  name,
  members: z.array(nic).min(1).max(8),
  bondMode: z.enum(BOND_MODES),
  primary: z.string().nullable(),
  lacp: z.object({ mode: z.enum(['active', 'passive']), rate: z.enum(['slow', 'fast']) }).nullable(),
});

export const hostSchema = z.object({
  id,
  revision,
  name,
  engine: z.enum(ENGINES),
  vhostSocketDir: z.string().regex(/^\/[A-Za-z0-9._/-]{1,86}$/),
  switches: z.array(z.object({ switchId: id, uplinkGroup: uplinkGroupSchema.nullable() })),
});

/**
 * The bucket's own record. `storeId` names the manager's database; an agent or manager never mixes two.
 * `revision`: everything up to it is in the bucket.
 */
export const desiredMetaSchema = z.object({ storeId: id, revision });

const entry = <K extends string, T extends z.ZodType>(kind: K, object: T) =>
  z.object({ kind: z.literal(kind), revision, object: object.nullable() });

/** `object` null: deleted at that revision. */
export const desiredEntrySchema = z.discriminatedUnion('kind', [
  entry('meta', desiredMetaSchema),
  entry('switch', switchSchema),
  entry('port-group', portGroupSchema),
  entry('host', hostSchema),
  entry('port', portSchema),
]);

export type DesiredMeta = z.infer<typeof desiredMetaSchema>;
export type DesiredEntry = z.infer<typeof desiredEntrySchema>;
