import { ServeBatchError } from '../../core/errors.ts';
import { isNumberType } from '../../core/table.ts';
import type { Cell } from './live-question.ts';

const INTEGER = /^U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?$/;
/** Types whose values are written as texts. */
const WRITTEN = /^(?:VARCHAR|ENUM\(.*\)|DATE|TIME|TIMESTAMP.*|TIME WITH TIME ZONE|UUID)$/s;

const DIGITS = String.raw`\s*[+-]?\d+\s*`;
const DECIMAL = String.raw`\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*`;

/** What a column of a type takes, for messages. Null: nothing that can be given. */
export function expectedOf(type: string): string | null {
  if (INTEGER.test(type)) return `a whole number (${type}); beyond 2^53 as text`;
  if (isNumberType(type)) return `a finite number (${type})`;
  if (type === 'BOOLEAN') return 'true or false';
  if (type === 'VARCHAR') return 'a text';
  return WRITTEN.test(type) ? `a text that is a ${type.replace(/\(.*$/s, '')}` : null;
}

/**
 * A value of JSON as the text that {@link typedSql} reads. JSON has types: a text is no number, unless the number
 * is one that JSON cannot hold, and a number is no text. Throws `USAGE`.
 */
export function cellText(column: string, type: string, cell: Cell): string | null {
  if (cell === null) return null;
  if (isCellOf(type, cell)) return String(cell);
  throw wrongCell(column, type, cell);
}

export function wrongCell(column: string, type: string, cell: Cell): ServeBatchError {
  const given = typeof cell === 'string' ? `"${cell.slice(0, 60)}"` : String(cell);
  const expected = expectedOf(type) ?? `nothing: values of ${type} cannot be given here`;
  return new ServeBatchError('USAGE', `The column "${column}" holds ${given}; expected ${expected}.`, {
    fields: { column },
  });
}

function isCellOf(type: string, cell: string | number | boolean): boolean {
  if (typeof cell === 'string' && cell.includes('\0')) return false;
  if (INTEGER.test(type))
    return typeof cell === 'string' ? new RegExp(`^${DIGITS}$`).test(cell) : Number.isSafeInteger(cell);
  if (type.startsWith('DECIMAL') && typeof cell === 'string') return new RegExp(`^${DECIMAL}$`).test(cell);
  if (isNumberType(type)) return typeof cell === 'number' && Number.isFinite(cell);
  if (type === 'BOOLEAN') return typeof cell === 'boolean';
  return typeof cell === 'string' && WRITTEN.test(type);
}

/**
 * SQL of the value that a text means in a column of a type; null where it is none. Stricter than DuckDB's cast,
 * which rounds `3.7` to an integer, skips underscores, and reads `nan` and `1e999`.
 */
export function typedSql(text: string, type: string): string {
  if (type === 'VARCHAR') return text;
  const cast = `TRY_CAST(${text} AS ${type})`;
  if (INTEGER.test(type)) return `CASE WHEN regexp_full_match(${text}, '${DIGITS}') THEN ${cast} END`;
  if (isNumberType(type)) {
    const finite = type === 'FLOAT' || type === 'DOUBLE' ? ` AND isfinite(${cast})` : '';
    return `CASE WHEN regexp_full_match(${text}, '${DECIMAL}')${finite} THEN ${cast} END`;
  }
  if (type === 'BOOLEAN') return `CASE WHEN lower(${text}) IN ('true', 'false') THEN ${cast} END`;
  return cast;
}
