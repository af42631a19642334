import { type FieldError, bodyError, invalid } from '../problems/problem';
import { type DtoClass, fieldsOf } from './field';
import { isObject } from './object-fields';
import { readDto } from './read-dto';

/**
 * JSON Merge Patch (RFC 7396) onto the settings of an object: absent fields stay, null goes back to the default, and the outcome is
 * checked like a new object. Objects declared `whole` (a threshold: one rate in one unit) are replaced, not merged.
 * @param current every field of `dto`, as an answer shows it
 * @param path JSON pointer of the patch in the request
 * @throws ProblemError (validation-failed) for unknown fields, for a fixed field that would change, and for what the outcome breaks
 */
export function readPatch<T extends object>(dto: DtoClass<T>, current: T, patch: unknown, path = ''): T {
  if (!isObject(patch)) throw invalid([bodyError(path, 'a JSON object is expected')]);
  const errors: FieldError[] = [];
  const merged = merge(dto, current as Record<string, unknown>, patch, path, errors);
  if (errors.length > 0) throw invalid(errors);
  return readDto(dto, merged, 'body', path);
}

function merge(
  dto: DtoClass,
  current: Record<string, unknown>,
  patch: Record<string, unknown>,
  path: string,
  errors: FieldError[],
): Record<string, unknown> {
  const merged = { ...current };
  const specs = new Map(fieldsOf(dto).map((spec) => [spec.name, spec]));
  for (const [name, value] of Object.entries(patch)) {
    const spec = specs.get(name);
    const field = `${path}/${name}`;
    if (!spec) errors.push(bodyError(field, 'is not a field that can be set here'));
    else if (spec.options.fixed && value !== current[name])
      errors.push(bodyError(field, 'can not be changed after creation'));
    else if (value === null) delete merged[name];
    else if (spec.nested && !spec.options.whole && isObject(value) && isObject(current[name])) {
      merged[name] = merge(spec.nested(), current[name], value, field, errors);
    } else merged[name] = value;
  }
  return merged;
}
