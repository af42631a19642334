import { type Check, type DtoClass, type FieldOptions, field, shown } from './field';

export interface ObjectOptions extends FieldOptions {
  of: () => DtoClass;
  /** A rule across the members. */
  check?: Check;
}

/** An object with fields of its own. */
export function ObjectField(options: ObjectOptions): PropertyDecorator {
  return field(options, {
    schema: { type: () => options.of() },
    nested: options.of,
    check: (value) =>
      isObject(value) ? (options.check?.(value) ?? null) : `must be an object; got ${shown(value)}`,
  });
}

export interface ListOptions extends ObjectOptions {
  minItems?: number;
  maxItems: number;
}

/** A list of objects. */
export function ListField(options: ListOptions): PropertyDecorator {
  const { minItems = 0, maxItems } = options;
  return field(options, {
    schema: { type: () => options.of(), isArray: true, minItems, maxItems },
    nested: options.of,
    isList: true,
    check: (value) => {
      if (!Array.isArray(value)) return `must be a list; got ${shown(value)}`;
      if (value.length < minItems || value.length > maxItems)
        return `must have ${minItems} to ${maxItems} items; got ${value.length}`;
      return options.check?.(value) ?? null;
    },
  });
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A merge patch within a body, for an object that isn't known yet: its members are checked when they are applied (merge-patch.ts). */
export function PatchField(options: ObjectOptions): PropertyDecorator {
  return field(options, {
    schema: { type: () => options.of() },
    check: (value) => (isObject(value) ? null : `must be an object; got ${shown(value)}`),
  });
}
