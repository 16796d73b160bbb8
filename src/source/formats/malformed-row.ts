import { ServeBatchError } from '../../core/errors.ts';
import type { Database } from '../duckdb/database.ts';

/** The rows of text files that could not be split into their columns. */
export interface MalformedRows {
  readonly count: number;
  readonly first: MalformedRow | null;
  /** A SELECT of all of them: file, line, reason, text. Null where there are none. */
  readonly sql: string | null;
}

export const NO_MALFORMED_ROWS: MalformedRows = { count: 0, first: null, sql: null };

/** Runs a SELECT of malformed rows as far as to know how many there are, and the first. */
export async function countMalformedRows(database: Database, sql: string): Promise<MalformedRows> {
  const [total] = await database.rows(`SELECT count(*) AS n FROM (${sql})`);
  const count = Number(total?.n ?? 0);
  if (count === 0) return NO_MALFORMED_ROWS;
  const [row] = await database.rows(
    `SELECT file, line, reason, text FROM (${sql}) ORDER BY file, line LIMIT 1`,
  );
  const first = {
    file: String(row?.file),
    line: Number(row?.line),
    reason: String(row?.reason),
    text: String(row?.text),
  };
  return { count, first, sql };
}

/** A row of a text file that could not be split into its columns. */
export interface MalformedRow {
  readonly file: string;
  /** Line of the file, from 1, the header included. */
  readonly line: number;
  readonly reason: string;
  /** The line as it stands in the file. */
  readonly text: string;
}

/** `cure`: what to do, where it is known better than that the line is to be mended. */
export function malformedRowError(row: MalformedRow, count: number, cure = cureOf(row)): ServeBatchError {
  const more = count > 1 ? ` (and ${count - 1} more such ${count === 2 ? 'row' : 'rows'})` : '';
  return new ServeBatchError(
    'INPUT_MALFORMED_ROW',
    `${row.file}:${row.line} ${row.reason}: ${shorten(row.text)}${more}. ${cure}`,
    { fields: { file: row.file, line: row.line, count } },
  );
}

function cureOf({ reason }: MalformedRow): string {
  if (reason.includes('not UTF-8'))
    return 'Set input.csv.encoding: latin-1 (or utf-16), where the file is written so; otherwise mend the line, or set such rows aside with onInvalid: reject (--on-invalid reject).';
  return 'Mend the line, or set such rows aside with onInvalid: reject (--on-invalid reject).';
}

function shorten(text: string): string {
  const line = text.replace(/\r?\n$/, '').replaceAll('\n', '\\n');
  return JSON.stringify(line.length > 120 ? `${line.slice(0, 120)}…` : line);
}
