import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';

type ReadOnlyOptions = ApiPropertyOptions & { description: string };

/** A field that answers have and nobody sets. Always present; null only where `nullable`. */
export function ReadOnlyField(options: ReadOnlyOptions): PropertyDecorator {
  return ApiProperty({ required: true, readOnly: true, ...options } as ApiPropertyOptions);
}

/** A count, or another whole number that only grows. */
export function ReadOnlyCount(options: ReadOnlyOptions): PropertyDecorator {
  return ReadOnlyField({
    type: 'integer',
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    ...options,
  });
}

export function ReadOnlyTime(options: ReadOnlyOptions): PropertyDecorator {
  return ReadOnlyField({ type: 'string', format: 'date-time', ...options });
}

/** What every object that people manage has besides its settings. */
export class ManagedObject {
  @ReadOnlyField({ type: 'string', format: 'uuid', description: 'Identifies the object for ever.' })
  id!: string;

  @ReadOnlyCount({
    description: 'Grows with every change of the settings. The ETag is this number in quotes.',
    example: 1,
  })
  version!: number;

  @ReadOnlyCount({
    description: 'Revision of the last change that hosts are told of (GET /revision).',
    example: 17,
  })
  revision!: number;

  @ReadOnlyTime({ description: 'When it was created.' })
  createdAt!: string;

  @ReadOnlyTime({ description: 'When its settings were last changed.' })
  updatedAt!: string;
}

interface ManagedRow {
  id: string;
  version: number;
  revision: number;
  createdAt: Date;
  updatedAt: Date;
}

export function managedFields(row: ManagedRow): ManagedObject {
  const { id, version, revision, createdAt, updatedAt } = row;
  return { id, version, revision, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}
