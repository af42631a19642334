import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import { type FieldError, invalid } from '../problems/problem';
import { type DtoClass, fieldsOf } from './field';
import { isObject } from './object-fields';

/** More would help nobody, and a bulk request could have a hundred thousand. */
const ERRORS_MAX = 50;

/**
 * Checks what came from outside against the fields of `dto`, and fills in defaults. Unknown fields are errors.
 * @param where which part of the request `plain` is
 * @param path JSON pointer of `plain` in the body
 * @throws ProblemError (validation-failed) naming every field at fault
 */
export function readDto<T extends object>(
  dto: DtoClass<T>,
  plain: unknown,
  where: FieldError['in'] = 'body',
  path = '',
): T {
  if (!isObject(plain)) throw invalid([{ in: where, field: path, reason: 'a JSON object is expected' }]);
  const instance = plainToInstance(dto, plain);
  const errors = validateSync(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    validationError: { target: false, value: false },
  });
  if (errors.length > 0) throw invalid(fieldErrors(errors, where, path).slice(0, ERRORS_MAX));
  fillDefaults(dto, instance);
  return instance;
}

function fillDefaults(dto: DtoClass, instance: object): void {
  const values = instance as Record<string, unknown>;
  for (const { name, options, nested } of fieldsOf(dto)) {
    const value = values[name];
    if (value === undefined || value === null) {
      // a default object is made anew, so that its own defaults are filled in too
      if (nested && isObject(options.default)) values[name] = readDto(nested(), options.default);
      else if (options.default !== undefined) values[name] = options.default;
    } else if (nested) {
      for (const item of Array.isArray(value) ? (value as object[]) : [value]) fillDefaults(nested(), item);
    }
  }
}

function fieldErrors(errors: ValidationError[], where: FieldError['in'], path = ''): FieldError[] {
  return errors.flatMap((error) => {
    const field =
      where === 'body'
        ? `${path}/${error.property.replaceAll('~', '~0').replaceAll('/', '~1')}`
        : error.property;
    const own = Object.entries(error.constraints ?? {}).map(([rule, reason]) => ({
      in: where,
      field,
      reason: REASONS[rule] ?? reason,
    }));
    return [...own.slice(0, 1), ...fieldErrors(error.children ?? [], where, field)];
  });
}

/** Words for what class-validator finds by itself. */
const REASONS: Record<string, string> = {
  whitelistValidation: 'is not a field that can be set here',
  nestedValidation: 'must be an object',
  unknownValue: 'a JSON object is expected',
};
