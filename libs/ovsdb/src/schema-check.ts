/** The declared tables against the schema of the server at hand: a missing column is told at the start, in words, not in the middle of work. */
import type { Column, Database } from './column-types';
import { OvsdbSchemaError } from './errors';
import type { Json } from './json-rpc-connection';

/** table → column → how many atoms (or map entries) the server allows in it. */
export type ColumnLimits = ReadonlyMap<string, ReadonlyMap<string, number>>;

interface ServerColumn {
  type:
    | string
    | {
        key: string | { type: string };
        value?: string | { type: string };
        min?: number;
        max?: number | 'unlimited';
      };
}

/** @throws OvsdbSchemaError naming the first table or column that is missing or of another type. */
export function checkSchema(database: Database, schema: Json): ColumnLimits {
  const { tables, version } = schema as unknown as {
    version?: string;
    tables: Record<string, { columns: Record<string, ServerColumn> }>;
  };
  const where = `database ${database.name}${version === undefined ? '' : ` (schema ${version})`}`;
  return new Map(
    Object.entries(database.tables).map(([tableName, columns]) => {
      const table = tables[tableName];
      if (!table)
        throw new OvsdbSchemaError(
          `${where} has no table ${tableName}: this Open vSwitch is too old or too new`,
        );
      const limits = Object.entries(columns).map(([name, column]) => {
        const found = table.columns[name];
        if (!found)
          throw new OvsdbSchemaError(
            `${where}, table ${tableName}, has no column ${name}: this Open vSwitch is too old or too new`,
          );
        return [name, checkColumn(`${where}, column ${tableName}.${name}`, column, found)] as const;
      });
      return [tableName, new Map(limits)] as const;
    }),
  );
}

function checkColumn(where: string, column: Column, { type }: ServerColumn): number {
  const full = typeof type === 'string' ? { key: type } : type;
  const atomsMin = full.min ?? 1;
  const atomsMax = full.max === 'unlimited' ? Infinity : (full.max ?? 1);
  const found = {
    shape: shapeOf(full.value !== undefined, atomsMin, atomsMax),
    key: baseType(full.key),
    value: full.value === undefined ? null : baseType(full.value),
  };
  const isSame =
    found.key === column.key && found.value === column.value && isReadableAs(found.shape, column.shape);
  if (!isSame)
    throw new OvsdbSchemaError(
      `${where} is a ${found.shape} of ${found.key}, a ${column.shape} of ${column.key} was expected`,
    );
  return atomsMax;
}

function shapeOf(isMap: boolean, atomsMin: number, atomsMax: number): Column['shape'] {
  if (isMap) return 'map';
  if (atomsMax > 1) return 'set';
  return atomsMin === 0 ? 'optional' : 'scalar';
}

function isReadableAs(found: Column['shape'], declared: Column['shape']): boolean {
  return (
    found === declared ||
    (declared === 'set' && found !== 'map') ||
    (declared === 'optional' && found === 'scalar')
  );
}

function baseType(type: string | { type: string }): string {
  return typeof type === 'string' ? type : type.type;
}
