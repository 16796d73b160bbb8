import { quoteName, quoteText } from '../../core/text/sql.ts';
import type { Database } from '../../source/duckdb/database.ts';

/** A column of a view that is filled from what the ledger says. */
export interface HistoryColumn<Row> {
  readonly name: string;
  readonly type: string;
  readonly value: (row: Row) => unknown;
}

/** Rows that go to DuckDB in one piece of JSON. */
const ROWS_AT_ONCE = 500;

/** Makes a table, and fills it from lists of rows. */
export async function fillTable<Row>(
  database: Database,
  table: string,
  columns: readonly HistoryColumn<Row>[],
  lists: AsyncIterable<readonly Row[]>,
): Promise<void> {
  const declared = columns.map(({ name, type }) => `${quoteName(name)} ${type}`);
  await database.run(`CREATE TABLE ${quoteName(table)} (${declared.join(', ')})`);
  const shape = JSON.stringify([Object.fromEntries(columns.map(({ name, type }) => [name, type]))]);
  for await (const rows of lists)
    for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
      const values = rows
        .slice(start, start + ROWS_AT_ONCE)
        .map((row) => Object.fromEntries(columns.map(({ name, value }) => [name, value(row) ?? null])));
      await database.connection.run(
        `INSERT INTO ${quoteName(table)} SELECT unnest(from_json($1, ${quoteText(shape)}), max_depth := 2)`,
        [JSON.stringify(values)],
      );
    }
}
