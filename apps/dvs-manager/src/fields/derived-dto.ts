/** Classes for documentation that follow from another DTO: what PATCH takes, and what answers have. */
import { ApiProperty } from '@nestjs/swagger';
import { type DtoClass, documentation, fieldsOf } from './field';
import { ManagedObject } from './read-only-field';

/** Every field optional, null going back to the default; fields that are fixed once the object exists are left out. */
export function PatchOf<T extends object>(source: DtoClass<T>): DtoClass<Partial<T>> {
  class Patch {}
  for (const { name, options, schema } of fieldsOf(source)) {
    if (options.fixed) continue;
    const resettable = options.default !== undefined;
    const { default: _default, ...described } = documentation(options, schema, true) as { default?: unknown };
    ApiProperty({ ...described, nullable: resettable })(Patch.prototype, name);
  }
  return Patch;
}

/** What answers have: every setting, always present (nullable where null is a value), and the fields of every managed object. */
export function AnswerOf<T extends object>(source: DtoClass<T>): DtoClass<Omit<T, 'id'> & ManagedObject> {
  class Answer extends ManagedObject {}
  for (const { name, options, schema } of fieldsOf(source)) {
    if (name === 'id') continue; // one that may be given: every answer has it anyway
    const plain = documentation({ ...options, default: undefined }, schema, false);
    ApiProperty(options.default === null ? { ...plain, nullable: true } : plain)(Answer.prototype, name);
  }
  return Answer as unknown as DtoClass<Omit<T, 'id'> & ManagedObject>;
}
