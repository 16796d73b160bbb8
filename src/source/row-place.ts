import type { ResolvedInput } from '../core/table.ts';
import { quoteFile, quoteText } from '../core/text/sql.ts';
import type { Database } from './duckdb/database.ts';
import { filePlaces, type RowPlace } from './locate-row.ts';

/** With the line of its file, from 1; null: it has none, or it is not known. */
export interface LinePlace extends RowPlace {
  readonly line: number | null;
}

/**
 * A relation for `ASOF JOIN`: `file` has the rows of the input from `first_row` on, which is its row
 * `file_row` (from 1) and stands on `line`; the rows after it stand on the lines after it. A null line is
 * not known.
 */
export function placesSql(input: ResolvedInput): string {
  if (input.places !== null) return `read_parquet(${quoteFile(input.places)})`;
  const places = filePlaces(input).map(
    ({ file, firstRow }) => `(${quoteText(file)}, ${firstRow}, 1, CAST(NULL AS BIGINT))`,
  );
  return `(SELECT * FROM (VALUES ${places.join(', ')}) place(file, first_row, file_row, line))`;
}

/** `inputRow` counts from 0 over the whole input. */
export function findRowPlace(database: Database, input: ResolvedInput, inputRow: number): Promise<LinePlace> {
  return findPlace(database, placesSql(input), inputRow);
}

/** A row's place in a relation as {@link placesSql} gives it. */
export async function findPlace(database: Database, places: string, inputRow: number): Promise<LinePlace> {
  const [place] = await database.rows(
    `SELECT file, file_row + ${inputRow} - first_row AS n, line + ${inputRow} - first_row AS line
     FROM ${places} WHERE first_row <= ${inputRow} ORDER BY first_row DESC LIMIT 1`,
  );
  const line = place?.line ?? null;
  return {
    file: String(place?.file),
    row: Number(place?.n),
    line: line === null ? null : Number(line),
  };
}

/** `sales.csv, row 16 (line 17)`. */
export function placeText({ file, row, line }: LinePlace): string {
  return `${file}, row ${row}${line === null ? '' : ` (line ${line})`}`;
}
