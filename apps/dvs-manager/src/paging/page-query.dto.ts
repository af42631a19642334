import { IntegerField } from '../fields/number-fields';
import { TextField } from '../fields/text-fields';
import { type FieldOptions, shown } from '../fields/field';

export const LIMIT_MAX = 1000;
export const LIMIT_DEFAULT = 100;
const CURSOR_LENGTH_MAX = 4000;

/** Query parameters that every list has. */
export class PageQuery {
  @IntegerField({
    description: 'How many objects a page has at most.',
    min: 1,
    max: LIMIT_MAX,
    default: LIMIT_DEFAULT,
  })
  limit!: number;

  @TextField({
    description:
      'Where the page begins: taken from `next` of the page before, with the same filters and sort.',
    maxLength: CURSOR_LENGTH_MAX,
    default: null,
  })
  cursor!: string | null;
}

/** The parameter `sort` of a list: names of fields, a minus sign for descending order. */
export function SortField(
  names: readonly string[],
  options: Pick<FieldOptions, 'default'>,
): PropertyDecorator {
  return TextField({
    description: `Order: fields separated by commas, "-" before one for descending order. Possible: ${names.join(', ')}.`,
    example: `${names[0]}`,
    maxLength: 200,
    default: options.default,
    check: (value) => {
      const fields = (value as string).split(',').map((name) => name.replace(/^-/, ''));
      const unknown = fields.find((name) => !names.includes(name));
      if (unknown !== undefined) return `can not sort by ${shown(unknown)}; possible: ${names.join(', ')}`;
      return new Set(fields).size === fields.length ? null : 'names a field twice';
    },
  });
}
