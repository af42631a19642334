import { type FieldOptions, field, shown } from './field';

export interface IntegerOptions extends FieldOptions {
  min: number;
  max: number;
  /** As people say it: "bytes", "kbit/s". */
  unit?: string;
  /** Only these values, of min..max. */
  values?: readonly number[];
}

/** A JSON number without fraction. No text is taken for a number. */
export function IntegerField(options: IntegerOptions): PropertyDecorator {
  const { min, max, unit, values } = options;
  const range = values ? `one of ${values.join(', ')}` : `an integer from ${min} to ${max}`;
  return field(
    { ...options, description: options.description + (unit ? ` Unit: ${unit}.` : '') },
    {
      schema: { type: 'integer', minimum: min, maximum: max, ...(values ? { enum: [...values] } : {}) },
      check: (value) => {
        const fits = Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
        return fits && (values?.includes(value as number) ?? true)
          ? null
          : `must be ${range}${unit ? ` (${unit})` : ''}; got ${shown(value)}`;
      },
    },
  );
}

export function FlagField(options: FieldOptions): PropertyDecorator {
  return field(options, {
    schema: { type: 'boolean' },
    check: (value) => (typeof value === 'boolean' ? null : `must be true or false; got ${shown(value)}`),
  });
}
