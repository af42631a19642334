import { PORT_STATES, type PortState, SUPPRESSION_KINDS } from '@opendvs/model';
import type { ApiPropertyOptions } from '@nestjs/swagger';
import { IntegerField } from '../fields/number-fields';
import { ReadOnlyCount, ReadOnlyField, ReadOnlyTime } from '../fields/read-only-field';
import { TextField } from '../fields/text-fields';
import { timeReason } from './history-range';

const RATE = { type: 'number', minimum: 0 } as const;

/** A map whose keys are suppression kinds. */
const byKind = (
  description: string,
  members: Record<string, string>,
): ApiPropertyOptions & { description: string } => ({
  type: 'object',
  description,
  properties: Object.fromEntries(
    SUPPRESSION_KINDS.map((kind) => [
      kind,
      {
        type: 'object',
        description: `Kind ${kind}.`,
        required: Object.keys(members),
        properties: Object.fromEntries(
          Object.entries(members).map(([name, meaning]) => [name, { ...RATE, description: meaning }]),
        ),
      },
    ]),
  ),
  additionalProperties: false,
});

/** Since the epoch began. rx is what the VM sent, tx what it was sent. */
export class PortCountersDto {
  @ReadOnlyField({ type: 'string', format: 'uuid', description: 'The port.' })
  portId!: string;

  @ReadOnlyField({
    type: 'string',
    description:
      'Names the stretch of time in which the counters only grow: another one after a restart of the engine, or when the port was made anew.',
  })
  epoch!: string;

  @ReadOnlyCount({ description: 'Frames that the VM sent.' })
  rxPackets!: number;

  @ReadOnlyCount({ description: 'Bytes that the VM sent, as the engine counts them. Unit: bytes.' })
  rxBytes!: number;

  @ReadOnlyCount({ description: 'Frames delivered to the VM.' })
  txPackets!: number;

  @ReadOnlyCount({ description: 'Bytes delivered to the VM. Unit: bytes.' })
  txBytes!: number;

  @ReadOnlyCount({ description: 'Unicast frames that the VM sent.' })
  rxUnicastPackets!: number;

  @ReadOnlyCount({ description: 'Multicast frames that the VM sent, broadcast not included.' })
  rxMulticastPackets!: number;

  @ReadOnlyCount({ description: 'Broadcast frames that the VM sent.' })
  rxBroadcastPackets!: number;

  @ReadOnlyCount({ description: 'Frames of the VM that the engine dropped on entry.' })
  rxDroppedPackets!: number;

  @ReadOnlyCount({
    description: 'Frames for the VM that were dropped, mostly because it does not read its ring.',
  })
  txDroppedPackets!: number;

  @ReadOnlyCount({ description: 'Frames of the VM that were malformed.' })
  rxErrors!: number;

  @ReadOnlyCount({ description: 'Frames for the VM that failed.' })
  txErrors!: number;

  @ReadOnlyField(
    byKind(
      'Frames above a threshold, for each kind that has one: dropped, or only counted where the port group observes.',
      {
        packets: 'Frames.',
        bytes: 'Unit: bytes.',
      },
    ),
  )
  suppressed!: Record<string, { packets: number; bytes: number }>;

  @ReadOnlyCount({
    description: 'How often a VM connected to the socket since the agent first saw the port.',
  })
  vhostConnects!: number;
}

export class PortRatesDto {
  @ReadOnlyField({ ...RATE, description: 'What the VM sent. Unit: bit/s.' })
  rxBitsPerSecond!: number;

  @ReadOnlyField({ ...RATE, description: 'Frames that the VM sent. Unit: 1/s.' })
  rxPacketsPerSecond!: number;

  @ReadOnlyField({ ...RATE, description: 'What was delivered to the VM. Unit: bit/s.' })
  txBitsPerSecond!: number;

  @ReadOnlyField({ ...RATE, description: 'Frames delivered to the VM. Unit: 1/s.' })
  txPacketsPerSecond!: number;

  @ReadOnlyField({ ...RATE, description: 'Unicast frames that the VM sent. Unit: 1/s.' })
  rxUnicastPacketsPerSecond!: number;

  @ReadOnlyField({
    ...RATE,
    description: 'Multicast frames that the VM sent, broadcast not included. Unit: 1/s.',
  })
  rxMulticastPacketsPerSecond!: number;

  @ReadOnlyField({ ...RATE, description: 'Broadcast frames that the VM sent. Unit: 1/s.' })
  rxBroadcastPacketsPerSecond!: number;

  @ReadOnlyField({ ...RATE, description: 'Frames of the VM dropped on entry. Unit: 1/s.' })
  rxDroppedPacketsPerSecond!: number;

  @ReadOnlyField({ ...RATE, description: 'Frames for the VM that were dropped. Unit: 1/s.' })
  txDroppedPacketsPerSecond!: number;

  @ReadOnlyField({ ...RATE, description: 'Malformed frames of the VM. Unit: 1/s.' })
  rxErrorsPerSecond!: number;

  @ReadOnlyField({ ...RATE, description: 'Frames for the VM that failed. Unit: 1/s.' })
  txErrorsPerSecond!: number;

  @ReadOnlyField(
    byKind('Frames above a threshold, for each kind that has one.', {
      packetsPerSecond: 'Unit: 1/s.',
      bitsPerSecond: 'Unit: bit/s.',
    }),
  )
  suppressed!: Record<string, { packetsPerSecond: number; bitsPerSecond: number }>;
}

export class PortStatsDto {
  @ReadOnlyField({ type: 'string', format: 'uuid', description: 'The port.' })
  portId!: string;

  @ReadOnlyField({ type: 'string', format: 'uuid', description: 'Its host.' })
  hostId!: string;

  @ReadOnlyField({ type: 'boolean', description: 'The host is not alive: nothing newer can come.' })
  stale!: boolean;

  @ReadOnlyTime({
    nullable: true,
    description: 'When the host read the counters, by its clock; null: it never sent any.',
  })
  takenAt!: string | null;

  @ReadOnlyField({
    type: () => PortCountersDto,
    nullable: true,
    description: 'The latest counters; null: the host has not sent any since this manager started.',
  })
  counters!: PortCountersDto | null;

  @ReadOnlyField({
    type: () => PortRatesDto,
    nullable: true,
    description: 'Between the latest two readings; null when there are no two of one epoch.',
  })
  rates!: PortRatesDto | null;

  @ReadOnlyField({ ...RATE, nullable: true, description: 'Time between these two readings. Unit: seconds.' })
  ratesSeconds!: number | null;
}

export class HostPortStatesDto implements Record<PortState, number> {
  @ReadOnlyCount({ description: 'Ports not yet in the engine.' })
  pending!: number;

  @ReadOnlyCount({ description: 'Ports in the engine that no VM is connected to.' })
  wired!: number;

  @ReadOnlyCount({ description: 'Ports with a VM.' })
  connected!: number;

  @ReadOnlyCount({ description: 'Ports whose VM has gone, or whose port group is down.' })
  down!: number;

  @ReadOnlyCount({ description: 'Ports that could not be realised.' })
  error!: number;
}

export class HostStatsDto {
  @ReadOnlyField({ type: 'string', format: 'uuid', description: 'The host.' })
  hostId!: string;

  @ReadOnlyField({ type: 'boolean', description: 'The host is not alive: nothing newer can come.' })
  stale!: boolean;

  @ReadOnlyField({
    type: () => HostPortStatesDto,
    description: `Its ports by state (${PORT_STATES.join(', ')}).`,
  })
  portsByState!: HostPortStatesDto;

  @ReadOnlyField({ type: () => PortRatesDto, description: 'Sum over those of its ports that have rates.' })
  rates!: PortRatesDto;
}

export const STEP_SECONDS_RECENT = 5;
export const POINTS_MAX = 2000;

export class HistoryQuery {
  @TextField({
    description: 'Beginning, inclusive: RFC 3339. Default: one hour before `to`.',
    maxLength: 40,
    check: timeReason,
    default: null,
    example: '2026-01-31T12:00:00Z',
  })
  from!: string | null;

  @TextField({
    description: 'End, exclusive: RFC 3339. Default: now.',
    maxLength: 40,
    check: timeReason,
    default: null,
  })
  to!: string | null;

  @IntegerField({
    description: `Length of a step: a multiple of 60, or ${STEP_SECONDS_RECENT} for each single report of the last ten minutes. At most ${POINTS_MAX} steps.`,
    unit: 'seconds',
    min: STEP_SECONDS_RECENT,
    max: 86_400,
    default: 60,
  })
  step!: number;
}

export class HistoryPointDto {
  @ReadOnlyTime({ description: 'Beginning of the step; with step=5, end of the report.' })
  at!: string;

  @ReadOnlyField({
    ...RATE,
    description:
      'How much of the step was observed: less after a restart of engine, agent or manager. Unit: seconds.',
  })
  observedSeconds!: number;

  @ReadOnlyField({ type: () => PortRatesDto, description: 'Means over what was observed.' })
  rates!: PortRatesDto;
}

export class PortHistoryDto {
  @ReadOnlyField({ type: 'string', format: 'uuid', description: 'The port.' })
  portId!: string;

  @ReadOnlyTime({ description: 'Beginning, inclusive.' })
  from!: string;

  @ReadOnlyTime({ description: 'End, exclusive.' })
  to!: string;

  @ReadOnlyCount({ description: 'Length of a step. Unit: seconds.' })
  stepSeconds!: number;

  @ReadOnlyField({
    type: () => HistoryPointDto,
    isArray: true,
    description: 'Oldest first; steps in which nothing was observed are left out.',
  })
  points!: HistoryPointDto[];
}
