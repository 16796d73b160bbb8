import { ServeBatchError } from '../../core/errors.ts';
import { quoteName, quoteText } from '../../core/text/sql.ts';

/** Types whose values can be told old from new: those of one family compare with each other. */
export type WatermarkFamily = 'number' | 'time' | 'text';

const NUMBER = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(.*\))$/;
const TIME = /^(DATE|TIMESTAMP(_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE)$/;
/** Types that hold values beyond all others: infinity, and NaN, which DuckDB sorts above it. */
const UNBOUNDED = /^(FLOAT|DOUBLE|DATE|TIMESTAMP.*)$/;

/** Undefined for a type that no watermark can be of, such as BOOLEAN or a list. */
export function watermarkFamily(type: string): WatermarkFamily | undefined {
  if (NUMBER.test(type)) return 'number';
  if (TIME.test(type)) return 'time';
  return type === 'VARCHAR' ? 'text' : undefined;
}

/** A value as it was written down, with the type that it had. */
export interface WatermarkValue {
  readonly value: string;
  readonly type: string;
}

/** A condition: the column is above, at, from or up to a value. With a constant of its own type, row groups are skipped by it. */
export function compareSql(
  column: string,
  operator: '>' | '>=' | '=' | '<=',
  { value, type }: WatermarkValue,
): string {
  return `${quoteName(column)} ${operator} CAST(${quoteText(value)} AS ${type})`;
}

/** A condition: the value is an ordinary one. Infinity and NaN would be a watermark that nothing ever passes. */
export function finiteSql(column: string, type: string): string {
  return UNBOUNDED.test(type) ? `isfinite(${quoteName(column)})` : 'true';
}

/**
 * Throws `SCHEMA_MISMATCH` where the column cannot be told old from new by, or is of another kind than the
 * watermark: numbers and texts compare in different orders, and rows would be lost without a word.
 */
export function assertWatermarkType(
  column: { readonly name: string; readonly type: string },
  table: string,
  above: WatermarkValue | null,
): void {
  const family = watermarkFamily(column.type);
  const fields = { column: column.name, type: column.type };
  if (family === undefined)
    throw new ServeBatchError(
      'SCHEMA_MISMATCH',
      `The column "${column.name}" of ${table} is ${column.type}; input.incremental expects numbers, dates, timestamps or text. Name another column.`,
      { fields },
    );
  if (above === null || watermarkFamily(above.type) === family) return;
  throw new ServeBatchError(
    'SCHEMA_MISMATCH',
    `The column "${column.name}" of ${table} is ${column.type}; the last run ended at ${above.value}, which was ${above.type}. Mend the values, say the type in input.csv.types, or take everything anew with --full.`,
    { fields },
  );
}
