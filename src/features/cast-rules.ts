import type { ElementType } from '../core/model.ts';
import { quoteName } from '../core/sql.ts';
import { sqlTypeOf } from '../core/tensor-data.ts';

const INTEGERS = new Set([
  'TINYINT',
  'UTINYINT',
  'SMALLINT',
  'USMALLINT',
  'INTEGER',
  'UINTEGER',
  'BIGINT',
  'UBIGINT',
  'HUGEINT',
  'UHUGEINT',
]);
const FLOATS = new Set(['FLOAT', 'DOUBLE']);

/**
 * Whether a column may fill a tensor: integers widen to floats, booleans are 0 and 1, a value out of
 * range makes its row invalid. Text never becomes a number, unless its file had no types to begin with
 * (`fromText`: CSV and JSON); a float never becomes an integer.
 */
export function canFill(columnType: string, elementType: ElementType, fromText: boolean): boolean {
  const kind = columnType.replace(/\(.*$/, '');
  if (elementType === 'string') return kind === 'VARCHAR' || kind === 'ENUM';
  if (fromText && kind === 'VARCHAR') return true;
  if (elementType === 'bool') return kind === 'BOOLEAN';
  if (INTEGERS.has(kind) || kind === 'BOOLEAN') return true;
  const toFloat = elementType === 'float32' || elementType === 'float64' || elementType === 'float16';
  return toFloat && (FLOATS.has(kind) || kind === 'DECIMAL');
}

/**
 * The SQL that casts a column for a tensor; null where a value is null or does not fit.
 */
export function castSql(column: string, columnType: string, elementType: ElementType): string {
  const name = quoteName(column);
  const target = sqlTypeOf(elementType);
  const isText = columnType === 'VARCHAR' && elementType !== 'string';
  const isInteger = /^U?(?:TINY|SMALL|BIG)?INT(?:EGER)?$/.test(target);
  // DuckDB rounds '3.7' when it casts text to an integer.
  if (isText && isInteger)
    return `CASE WHEN regexp_full_match(${name}, '\\s*[+-]?\\d+\\s*') THEN TRY_CAST(${name} AS ${target}) END`;
  const cast = columnType === target ? name : `TRY_CAST(${name} AS ${target})`;
  // The largest finite float16; infinities and NaN are values of their own.
  if (elementType === 'float16')
    return `CASE WHEN abs(${cast}) <= 65504 OR NOT isfinite(${cast}) THEN ${cast} END`;
  return cast;
}
