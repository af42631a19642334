/** Deltas as a row of numbers: for the ring of recent samples and for the table of minutes. */
import { SUPPRESSION_KINDS } from '@opendvs/model';
import { COUNTED, type CounterDeltas } from './counter-deltas';

/** Names of the numbers, as columns of the table port_minutes: rx_packets … suppressed_multicast_bytes. */
export const DELTA_COLUMNS: readonly string[] = [
  ...COUNTED.map(snakeCase),
  ...SUPPRESSION_KINDS.flatMap((kind) => [
    `suppressed_${snakeCase(kind)}_packets`,
    `suppressed_${snakeCase(kind)}_bytes`,
  ]),
];

/** null: the host doesn't count this kind. */
export function toColumns({ counts, suppressed }: CounterDeltas): (number | null)[] {
  return [
    ...COUNTED.map((name) => counts[name]),
    ...SUPPRESSION_KINDS.flatMap((kind) => [
      suppressed[kind]?.packets ?? null,
      suppressed[kind]?.bytes ?? null,
    ]),
  ];
}

export function fromColumns(seconds: number, columns: readonly (number | null)[]): CounterDeltas {
  const counts = Object.fromEntries(
    COUNTED.map((name, i) => [name, columns[i] ?? 0]),
  ) as CounterDeltas['counts'];
  const suppressed: CounterDeltas['suppressed'] = {};
  SUPPRESSION_KINDS.forEach((kind, i) => {
    const packets = columns[COUNTED.length + 2 * i] ?? null;
    const bytes = columns[COUNTED.length + 2 * i + 1] ?? null;
    if (packets !== null && bytes !== null) suppressed[kind] = { packets, bytes };
  });
  return { seconds, counts, suppressed };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
