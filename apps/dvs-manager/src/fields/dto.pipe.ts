import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { invalid } from '../problems/problem';
import { type DtoClass, fieldsOf } from './field';
import { isObject } from './object-fields';
import { readDto } from './read-dto';
import { isId } from './text-fields';

/** Checks every body and query whose parameter is declared with a class of fields. */
@Injectable()
export class DtoPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (!metatype || (type !== 'body' && type !== 'query')) return value;
    if (type === 'body' && (metatype as unknown) === Object) return anyObject(value); // a patch: its service checks the members
    const dto = metatype as DtoClass;
    if (fieldsOf(dto).length === 0) return value;
    return type === 'body' ? readDto(dto, value) : readDto(dto, withNumbers(dto, value), 'query');
  }
}

function anyObject(value: unknown): object {
  if (isObject(value)) return value;
  throw invalid([{ in: 'body', field: '', reason: 'a JSON object is expected' }]);
}

/** Query parameters arrive as text: those that are declared as integers, and look like one, become numbers. */
function withNumbers(dto: DtoClass, query: unknown): unknown {
  if (!isObject(query)) return {};
  const typed: Record<string, unknown> = { ...query };
  for (const { name, schema } of fieldsOf(dto)) {
    const text = typed[name];
    if (schema.type === 'integer' && typeof text === 'string' && /^-?\d{1,15}$/.test(text))
      typed[name] = Number(text);
  }
  return typed;
}

/** A UUID in the path. */
@Injectable()
export class IdPipe implements PipeTransform {
  transform(value: unknown, { data }: ArgumentMetadata): string {
    if (isId(value)) return value;
    throw invalid([{ in: 'path', field: data ?? 'id', reason: 'must be a UUID in lower case' }]);
  }
}
