import { quoteFiles } from '../../core/text/sql.ts';
import type { Database } from '../../source/duckdb/database.ts';

/** All files of rejects as one relation. Rows that could not be split into columns have no `input`. */
export function rejectsSql(files: readonly string[]): string {
  return `read_parquet(${quoteFiles(files)}, union_by_name = true)`;
}

/** The columns of the rejected rows as they stood in the input; none where no file has them. */
export async function inputColumns(database: Database, files: readonly string[]): Promise<readonly string[]> {
  if (files.length === 0) return [];
  const from = rejectsSql(files);
  const columns = await database.describe(`SELECT * FROM ${from}`);
  if (!columns.some(({ name }) => name === 'input')) return [];
  return (await database.describe(`SELECT unnest(input) FROM ${from}`)).map(({ name }) => name);
}
