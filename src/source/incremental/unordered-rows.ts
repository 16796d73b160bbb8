import { dirname } from 'node:path';
import { ServeBatchError } from '../../core/errors.ts';
import { commitFile, makeFolder, temporaryName } from '../../core/files/durable-file.ts';
import type { Column, ResolvedInput } from '../../core/table.ts';
import { quoteName, quoteText } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import { INPUT_ROW } from '../input-row.ts';
import { findRowPlace, placesSql } from '../row-place.ts';
import { rowsSql } from '../shard-relation.ts';
import { finiteSql } from './watermark-type.ts';

/**
 * Rows that cannot be told old from new: the column is null, infinite, or no number (NaN). A watermark
 * never passes them, so that each run that takes something meets those that are null again.
 */
export interface UnorderedRequest {
  readonly whole: ResolvedInput;
  readonly column: Column;
  /** The condition of rows that are new. */
  readonly isNew: string;
}

/** Reads the column alone; of Parquet, only row groups that have nulls or new values. */
export async function countUnordered(database: Database, request: UnorderedRequest): Promise<number> {
  const all = await rowsSql(database, request.whole, wholeRange(request));
  let count = 0;
  // One by one: DuckDB skips row groups by each of the conditions, but by no "or" of them.
  for (const condition of conditions(request)) {
    const [found] = await database.rows(`SELECT count(*) AS n FROM (${all}) WHERE ${condition}`);
    count += Number(found?.n ?? 0);
  }
  return count;
}

/** `INVALID_ROW` for the first of them. */
export async function unorderedRowError(
  database: Database,
  request: UnorderedRequest,
  count: number,
): Promise<ServeBatchError> {
  const { whole, column } = request;
  const [first] = await database.rows(
    `SELECT ${INPUT_ROW} AS n, CAST(${quoteName(column.name)} AS VARCHAR) AS held FROM (${await unorderedSql(database, request)}) ORDER BY ${INPUT_ROW} LIMIT 1`,
  );
  const { file, row, line } = await findRowPlace(database, whole, Number(first?.n ?? 0));
  const at = line === null ? '' : ` (line ${line})`;
  const more = count > 1 ? ` (and ${count - 1} more such ${count === 2 ? 'row' : 'rows'})` : '';
  return new ServeBatchError(
    'INVALID_ROW',
    `Column "${column.name}" of ${file} is ${first?.held ?? 'null'} at row ${row}${at}${more}; input.incremental needs a value there to tell new rows from old ones. Fill it, or set such rows aside with onInvalid: reject (--on-invalid reject).`,
    { fields: { file, row, column: column.name, count } },
  );
}

/** Writes them with the columns that the rejects of shards have: they are not in the copy, and no shard sees them. */
export async function writeUnordered(
  database: Database,
  request: UnorderedRequest,
  path: string,
): Promise<void> {
  await makeFolder(dirname(path));
  const { whole, column } = request;
  const held = `CAST(t.input.${quoteName(column.name)} AS VARCHAR)`;
  const temporary = temporaryName(path);
  await database.run(
    `COPY (
       SELECT p.file, t.input_row - p.first_row + p.file_row AS "row", p.line + t.input_row - p.first_row AS line,
         ${quoteText(column.name)} AS "column", ${held} AS "value",
         coalesce('holds ' || ${held}, 'is null') || '; input.incremental cannot tell whether the row is new' AS reason,
         t.input
       FROM (SELECT ${INPUT_ROW} AS input_row, struct_pack(${structFields(whole)}) AS input
             FROM (${await unorderedSql(database, request)})) t
       ASOF JOIN ${placesSql(whole)} p ON t.input_row >= p.first_row
       ORDER BY t.input_row
     ) TO ${quoteText(temporary)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  await commitFile(temporary, path);
}

function structFields({ columns }: ResolvedInput): string {
  return columns.map(({ name }) => `${quoteName(name)} := ${quoteName(name)}`).join(', ');
}

async function unorderedSql(database: Database, request: UnorderedRequest): Promise<string> {
  const numbered = await rowsSql(database, request.whole, wholeRange(request), { numbered: true });
  return `SELECT * FROM (${numbered}) WHERE ${conditions(request).join(' OR ')}`;
}

function conditions({ column, isNew }: UnorderedRequest): readonly string[] {
  return [`${quoteName(column.name)} IS NULL`, `(${isNew} AND NOT ${finiteSql(column.name, column.type)})`];
}

function wholeRange({ whole }: UnorderedRequest): { readonly rowStart: number; readonly rowEnd: number } {
  return { rowStart: 0, rowEnd: whole.rows };
}
