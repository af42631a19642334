import { isUUID } from 'class-validator';
import { VlanSyntaxError, parseVlanRanges } from '@opendvs/model';
import { type Check, type FieldOptions, field, shown } from './field';

export interface TextOptions extends FieldOptions {
  minLength?: number;
  maxLength: number;
  /** What the text must look like, and how to say so. */
  pattern?: { regex: RegExp; says: string };
  check?: Check;
  /** Line breaks and tabs are allowed, as in a description. */
  multiline?: boolean;
}

/** Text of a length in characters. Control characters and what PostgreSQL and UTF-8 can't carry are refused. */
export function TextField(options: TextOptions): PropertyDecorator {
  const { minLength = 1, maxLength, pattern } = options;
  return field(options, {
    schema: { type: 'string', minLength, maxLength, ...(pattern ? { pattern: pattern.regex.source } : {}) },
    check: (value) => textReason(value, options),
  });
}

/** Of switches, hosts and all that people name. Case-sensitive; no leading or trailing white space. */
export function NameField(options: FieldOptions): PropertyDecorator {
  return TextField({
    ...options,
    description: `${options.description} Case-sensitive; 1 to 256 characters, no white space at either end.`,
    maxLength: 256,
    check: (value) => (value === (value as string).trim() ? null : 'must not begin or end with white space'),
  });
}

export function IdField(options: FieldOptions): PropertyDecorator {
  return field(options, {
    schema: { type: 'string', format: 'uuid' },
    check: (value) => (isId(value) ? null : `must be a UUID in lower case; got ${shown(value)}`),
  });
}

export function isId(value: unknown): value is string {
  return isUUID(value) && value === (value as string).toLowerCase();
}

export interface ChoiceOptions extends FieldOptions {
  values: readonly string[];
}

export function ChoiceField(options: ChoiceOptions): PropertyDecorator {
  return field(options, {
    schema: { type: 'string', enum: [...options.values] },
    check: (value) =>
      options.values.includes(value as string)
        ? null
        : `must be one of ${options.values.join(', ')}; got ${shown(value)}`,
  });
}

/** VLANs as people write them: "100-199,300". */
export function VlanListField(options: FieldOptions): PropertyDecorator {
  return field(options, {
    schema: { type: 'string', maxLength: VLAN_LIST_MAX, pattern: '^[0-9, -]+$' },
    check: vlanListReason,
  });
}

const VLAN_LIST_MAX = 20_000;

function vlanListReason(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > VLAN_LIST_MAX)
    return `must be VLANs such as "100-199,300"; got ${shown(value)}`;
  try {
    parseVlanRanges(value);
    return null;
  } catch (error) {
    if (error instanceof VlanSyntaxError) return error.message;
    throw error;
  }
}

function textReason(value: unknown, options: TextOptions): string | null {
  const { minLength = 1, maxLength, pattern, multiline = false, check } = options;
  if (typeof value !== 'string') return `must be text; got ${shown(value)}`;
  const length = [...value].length;
  if (length < minLength || length > maxLength)
    return `must have ${minLength} to ${maxLength} characters; got ${length}`;
  if (!isPlain(value, multiline)) return 'must not contain control characters or lone surrogates';
  if (pattern && !pattern.regex.test(value)) return `must be ${pattern.says}; got ${shown(value)}`;
  return check?.(value) ?? null;
}

function isPlain(text: string, multiline: boolean): boolean {
  const controls = multiline
    ? /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/u
    : /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u;
  return !controls.test(text) && !/\p{Surrogate}/u.test(text);
}
