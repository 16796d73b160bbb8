import { ServeBatchError } from '../../core/errors.ts';
import type { Lateness } from '../../core/incremental.ts';
import type { Column } from '../../core/table.ts';
import { quoteText } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import { type WatermarkValue, watermarkFamily } from './watermark-type.ts';

/**
 * Where the rows begin that the next run looks at again: so far below the value where a run ended. Null: that is
 * below all values of the type, and all rows are looked at.
 */
export async function lateFrom(
  database: Database,
  to: WatermarkValue,
  lateness: Lateness,
): Promise<WatermarkValue | null> {
  const [found] = await database.rows(
    `SELECT CAST(v AS VARCHAR) AS value, typeof(v) AS type FROM (SELECT TRY(${belowSql(to, lateness)}) AS v)`,
  );
  const value = found?.value ?? null;
  return value === null ? null : { value: String(value), type: String(found?.type) };
}

/** Exact: DOUBLE would round the serial numbers that are above 2^53. */
function belowSql({ value, type }: WatermarkValue, { amount }: Lateness): string {
  const to = quoteText(value);
  switch (watermarkFamily(type)) {
    case 'time':
      return `CAST(${to} AS ${type}) - to_microseconds(CAST(${Math.round(amount * 1e6)} AS BIGINT))`;
    case 'number': {
      if (/^(FLOAT|DOUBLE)$/.test(type)) return `CAST(${to} AS DOUBLE) - CAST('${amount}' AS DOUBLE)`;
      const scale = /,\s*([0-9]+)\)$/.exec(type)?.[1] ?? '0';
      const span = scale === '0' ? Math.floor(amount) : amount;
      const exact = `DECIMAL(38,${scale})`;
      return `CAST(CAST(${to} AS ${exact}) - CAST('${span}' AS ${exact}) AS ${type})`;
    }
    default:
      return to;
  }
}

/** Throws `SCHEMA_MISMATCH` where the span is none of the column's type. */
export function assertLatenessFits(column: Column, table: string, lateness: Lateness): void {
  const expected = expectedSpan(column.type, lateness);
  if (expected === null) return;
  throw new ServeBatchError(
    'SCHEMA_MISMATCH',
    `input.incremental.lateness is ${lateness.text}, and the column "${column.name}" of ${table} is ${column.type}; expected ${expected}`,
    { fields: { column: column.name, type: column.type, lateness: lateness.text } },
  );
}

function expectedSpan(type: string, { amount, isTime }: Lateness): string | null {
  const family = watermarkFamily(type);
  if (family === 'number' && isTime)
    return 'a number: how far below the last value rows may come. Write for example 1000.';
  if (family === 'text' && amount !== 0)
    return '0, for rows with exactly the last value: no other span is known between two texts.';
  return null;
}
