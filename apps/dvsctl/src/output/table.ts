/** Rows for people: aligned columns, no lines, so that awk and cut can read them too. */
import Table from 'cli-table3';

export interface Column<T> {
  /** With its unit: "MTU (bytes)". */
  header: string;
  value: (row: T) => string | number | null | undefined;
  align?: 'left' | 'right';
}

const NO_LINES = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((place) => [place, '']),
);

/** One line for the headers, one a row; ends with a newline. What is absent shows as "-". */
export function renderTable<T>(columns: readonly Column<T>[], rows: readonly T[]): string {
  const table = new Table({
    head: columns.map(({ header }) => header.toUpperCase()),
    chars: { ...NO_LINES, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: columns.map(({ align }) => align ?? 'left'),
  });
  table.push(...rows.map((row) => columns.map(({ value }) => cell(value(row)))));
  return lines(table.toString());
}

/** One object: a line a field. */
export function renderRecord<T>(columns: readonly Column<T>[], row: T): string {
  const table = new Table({
    chars: { ...NO_LINES, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...columns.map(({ header, value }) => [header, cell(value(row))]));
  return lines(table.toString());
}

function lines(text: string): string {
  return `${text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}

/** Control characters could move the cursor or hide text: names come from anybody who may write to the API. */
function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined || value === '') return '-';
  return printable(String(value));
}

export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
