/**
 * A field of the API is declared once: what is accepted, its default, and what the documentation says of it. The decorators built on this
 * (text-fields.ts, number-fields.ts …) give class-validator the check and OpenAPI the schema from the same options, so they can't drift apart.
 */
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ValidateBy, ValidateIf, ValidateNested } from 'class-validator';

export type DtoClass<T extends object = object> = new () => T;

export interface FieldOptions {
  description: string;
  example?: unknown;
  /**
   * Makes the field optional: what it has when it is absent or null. `null` makes null a value of its own. A field without default is required.
   */
  default?: unknown;
  /** Can't be changed once the object exists. */
  fixed?: boolean;
  /** An object that PATCH replaces as a whole instead of merging into it. */
  whole?: boolean;
}

export interface FieldSpec {
  name: string;
  options: FieldOptions;
  schema: ApiPropertyOptions;
  /** Class of the value, or of its elements. */
  nested: (() => DtoClass) | null;
}

/** A reason why the value is not acceptable ("must be …"), or null when it is. */
export type Check = (value: unknown) => string | null;

const registry = new WeakMap<object, Map<string, FieldSpec>>();

/** Fields of a DTO class in the order of declaration, those it inherits first. */
export function fieldsOf(dto: DtoClass): FieldSpec[] {
  const fields = new Map<string, FieldSpec>();
  const lineage: object[] = [];
  for (
    let proto = dto.prototype as object | null;
    proto && proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto) as object | null
  ) {
    lineage.unshift(proto);
  }
  for (const proto of lineage) for (const [name, spec] of registry.get(proto) ?? []) fields.set(name, spec);
  return [...fields.values()];
}

/** The decorator behind all others. */
export function field(
  options: FieldOptions,
  parts: { schema: ApiPropertyOptions; check?: Check; nested?: () => DtoClass; isList?: boolean },
): PropertyDecorator {
  return (target, key) => {
    const name = String(key);
    const specs = registry.get(target) ?? new Map<string, FieldSpec>();
    registry.set(
      target,
      specs.set(name, { name, options, schema: parts.schema, nested: parts.nested ?? null }),
    );
    const optional = options.default !== undefined;
    if (optional) ValidateIf((_, value) => value !== undefined && value !== null)(target, key);
    if (parts.check) checked(parts.check)(target, key);
    if (parts.nested) {
      Type(parts.nested)(target, key);
      ValidateNested({ each: parts.isList ?? false })(target, key);
    }
    ApiProperty(documentation(options, parts.schema, optional))(target, key);
  };
}

export function documentation(
  options: FieldOptions,
  schema: ApiPropertyOptions,
  optional: boolean,
): ApiPropertyOptions {
  return {
    ...schema,
    description: options.description + (options.fixed ? ' Can not be changed later.' : ''),
    ...(options.example !== undefined ? { example: options.example } : {}),
    required: !optional,
    ...(optional ? { nullable: true } : {}),
    ...(optional && options.default !== null ? { default: options.default } : {}),
  } as ApiPropertyOptions;
}

function checked(check: Check): PropertyDecorator {
  return ValidateBy({
    name: 'field',
    validator: {
      validate: (value) => check(value) === null,
      defaultMessage: (args) => check(args?.value) ?? 'is not acceptable',
    },
  });
}

/** A value as a message shows it: short, and never a whole document. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
