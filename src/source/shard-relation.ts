import type { Column, ResolvedInput, WrittenColumn } from '../core/table.ts';
import { quoteName } from '../core/text/sql.ts';
import type { Database } from './duckdb/database.ts';
import { fileRowsSql, type RowsOptions } from './file-rows.ts';
import { gridRowsSql, type SomeRows } from './grid/grid-rows.ts';
import { INPUT_ROW } from './input-row.ts';

/**
 * A SELECT of the input's rows `rowStart` to `rowEnd` (exclusive), in order; without `ordered`, those of a grid
 * come in any order. With `some` (and `numbered`) there are only those that meet it.
 */
export async function rowsSql(
  database: Database,
  input: Pick<ResolvedInput, 'files' | 'columns' | 'hiveColumns' | 'grid' | 'written' | 'table' | 'sources'>,
  range: { readonly rowStart: number; readonly rowEnd: number },
  options: RowsOptions & { readonly ordered?: boolean; readonly some?: SomeRows } = {},
): Promise<string> {
  const { numbered = false, ordered = true, some = null } = options;
  if (input.table !== undefined) return tableRowsSql(input.table, input.columns, range, numbered);
  if (input.grid !== null) return gridRowsSql(database, input.grid, range, { numbered, ordered, some });
  const rows = await fileRowsSql(database, input, range, options);
  return some === null ? rows : `SELECT * FROM (${rows}) WHERE ${some(INPUT_ROW)}`;
}

function tableRowsSql(
  table: string,
  columns: readonly Column[],
  { rowStart, rowEnd }: { readonly rowStart: number; readonly rowEnd: number },
  numbered: boolean,
): string {
  const names = columns.map(({ name }) => quoteName(name));
  const list = numbered ? [...names, INPUT_ROW] : names;
  return `SELECT ${list.join(', ')} FROM ${table} WHERE ${INPUT_ROW} >= ${rowStart} AND ${INPUT_ROW} < ${rowEnd} ORDER BY ${INPUT_ROW}`;
}

/** Columns as they are written where they are kept, for {@link rowsSql}. */
export function asWritten(columns: readonly Column[], written: readonly WrittenColumn[]): readonly Column[] {
  const kept = new Set(written.filter(({ isKept }) => isKept).map(({ column }) => column));
  return columns.map((column) => (kept.has(column.name) ? { ...column, type: 'VARCHAR' } : column));
}
