import { quoteText } from '../../core/text/sql.ts';
import type { Database } from './database.ts';

/** DuckDB's syntax tree of SQL, as JSON; of what has none, an object that says why. */
export async function syntaxTree(database: Database, sql: string): Promise<string> {
  const [row] = await database.rows(`SELECT json_serialize_sql(${quoteText(sql)}) AS tree`);
  return String(row?.tree);
}
