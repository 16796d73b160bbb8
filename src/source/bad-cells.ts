import type { ResolvedInput } from '../core/table.ts';
import type { Database } from './duckdb/database.ts';
import { INPUT_ROW } from './input-row.ts';
import { rowsSql } from './shard-relation.ts';

/** A cell that does not have the type of its column: null to the features. */
export interface BadCell {
  readonly column: string;
  /** As it stands in the file. */
  readonly text: string;
}

/** The bad cells of some rows, by row; `rows` are input rows of the range. Rows without any are left out. */
export async function badCellsOfRows(
  database: Database,
  input: ResolvedInput,
  range: { readonly rowStart: number; readonly rowEnd: number },
  rows: readonly number[],
): Promise<ReadonlyMap<number, readonly BadCell[]>> {
  const columns = input.columns.filter(({ name, type }) =>
    input.written.some((each) => each.column === name && type !== 'VARCHAR'),
  );
  if (columns.length === 0 || rows.length === 0) return new Map();
  const read = async (list: typeof columns): Promise<readonly Record<string, unknown>[]> => {
    const all = await rowsSql(database, { ...input, columns: list }, range, { numbered: true });
    return database.rows(
      `SELECT * FROM (${all}) WHERE list_contains([${rows.join(', ')}], ${INPUT_ROW}) ORDER BY ${INPUT_ROW}`,
    );
  };
  const values = await read(columns);
  const texts = await read(columns.map((column) => ({ ...column, type: 'VARCHAR' })));
  const found = values.map((row, index) => {
    const bad = columns.flatMap(({ name }) => {
      const text = texts[index]?.[name] ?? null;
      return row[name] === null && text !== null ? [{ column: name, text: String(text) }] : [];
    });
    return [Number(row[INPUT_ROW]), bad] as const;
  });
  return new Map(found.filter(([, bad]) => bad.length > 0));
}
