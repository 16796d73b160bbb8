import type { ElementType } from '../core/model.ts';
import { sqlTypeOf } from '../core/tensor-data.ts';
import { quoteName } from '../core/text/sql.ts';
import { exactFloatSql } from './exact-float.ts';

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
 * (`fromText`: CSV and JSON); a float never becomes an integer. Dates, times, intervals, UUIDs and nested
 * types fill nothing.
 */
export function canFill(columnType: string, elementType: ElementType, fromText: boolean): boolean {
  // A list of decimals ends with its brackets: DECIMAL(9,2)[].
  const kind = columnType.endsWith(']') ? 'LIST' : columnType.replace(/\(.*$/s, '');
  if (elementType === 'string') return kind === 'VARCHAR' || kind === 'ENUM';
  if (fromText && kind === 'VARCHAR') return true;
  if (elementType === 'bool') return kind === 'BOOLEAN';
  if (INTEGERS.has(kind) || kind === 'BOOLEAN') return true;
  return isFloat(elementType) && (FLOATS.has(kind) || kind === 'DECIMAL');
}

/**
 * The SQL that casts a column for a tensor; null where a value is null or does not fit. Numbers are rounded
 * once, to the nearest value of the tensor's type; float16 travels as FLOAT or DOUBLE and is rounded last.
 */
export function castSql(column: string, columnType: string, elementType: ElementType): string {
  const name = quoteName(column);
  if (elementType === 'float16') {
    const value = columnType === 'FLOAT' ? name : floatSql(name, columnType, 'DOUBLE');
    // The largest finite float16; infinities and NaN are values of their own.
    return `CASE WHEN abs(${value}) <= 65504 OR NOT isfinite(${value}) THEN ${value} END`;
  }
  if (elementType === 'string') return wholeTextSql(name, columnType);
  const target = sqlTypeOf(elementType);
  if (columnType === target) return name;
  if (target === 'FLOAT' || target === 'DOUBLE') return floatSql(name, columnType, target);
  const cast = `TRY_CAST(${name} AS ${target})`;
  // DuckDB rounds '3.7' when it casts text to an integer, and skips underscores.
  if (columnType === 'VARCHAR' && INTEGERS.has(target))
    return `CASE WHEN regexp_full_match(${name}, '\\s*[+-]?\\d+\\s*') THEN ${cast} END`;
  return cast;
}

/** ONNX Runtime takes a text up to its first NUL: the model would see another text than the row has. */
function wholeTextSql(name: string, columnType: string): string {
  const text = columnType === 'VARCHAR' ? name : `CAST(${name} AS VARCHAR)`;
  return `CASE WHEN NOT contains(${text}, chr(0)) THEN ${text} END`;
}

function floatSql(name: string, columnType: string, target: 'FLOAT' | 'DOUBLE'): string {
  const cast = columnType === target ? name : `TRY_CAST(${name} AS ${target})`;
  // DuckDB takes '1_000' for 1000, and '1e999' for infinity.
  if (columnType === 'VARCHAR')
    return `CASE WHEN NOT contains(${name}, '_') AND (NOT isinf(${cast}) OR ${name} ILIKE '%inf%') THEN ${cast} END`;
  return exactFloatSql(name, columnType, target) ?? cast;
}

function isFloat(elementType: ElementType): boolean {
  return elementType === 'float32' || elementType === 'float64' || elementType === 'float16';
}
