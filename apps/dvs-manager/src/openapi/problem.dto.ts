import { ReadOnlyField } from '../fields/read-only-field';
import { PROBLEM_SLUGS, problemTypeUri } from '../problems/problem-types';

export class FieldErrorDto {
  @ReadOnlyField({
    type: 'string',
    enum: ['body', 'query', 'path', 'header'],
    description: 'Part of the request that is wrong.',
  })
  in!: string;

  @ReadOnlyField({
    type: 'string',
    description:
      'In a body a JSON pointer (RFC 6901), which names the item of a bulk request too; else the name of the parameter.',
    example: '/vlanId',
  })
  field!: string;

  @ReadOnlyField({
    type: 'string',
    description: 'What is wrong and what is expected.',
    example: 'must be an integer from 0 to 4094; got 4095',
  })
  reason!: string;
}

/** Every error of the API (RFC 9457). Some types have further members; each type's description says which. */
export class ProblemDto {
  @ReadOnlyField({
    type: 'string',
    format: 'uri',
    enum: PROBLEM_SLUGS.map(problemTypeUri),
    description: 'What kind of problem; stable.',
  })
  type!: string;

  @ReadOnlyField({ type: 'string', description: 'The kind of problem in words.' })
  title!: string;

  @ReadOnlyField({ type: 'integer', minimum: 400, maximum: 599, description: 'HTTP status code.' })
  status!: number;

  @ReadOnlyField({ type: 'string', description: 'What is wrong this time, where, and what to do.' })
  detail!: string;

  @ReadOnlyField({ type: 'string', description: 'Path of the request.' })
  instance!: string;

  @ReadOnlyField({
    type: () => FieldErrorDto,
    isArray: true,
    required: false,
    description: 'Every field at fault; at most 50.',
  })
  errors?: FieldErrorDto[];
}
