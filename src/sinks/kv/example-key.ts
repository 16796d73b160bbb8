import type { KvPlan } from '../../core/plan.ts';
import { quoteFiles, quoteName } from '../../core/text/sql.ts';
import { parseTemplate } from '../../core/text/template.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { keyTextSql } from '../value-sql.ts';

/** The columns of key and field of the first row that has all of them, as texts that a lookup takes. */
export async function exampleKey(
  database: Database,
  { key, field }: Pick<KvPlan, 'key' | 'field'>,
  parts: readonly string[],
): Promise<Readonly<Record<string, string>> | null> {
  const from = `read_parquet(${quoteFiles(parts)})`;
  const columns = await database.describe(`SELECT * FROM ${from}`);
  const wanted = [key, ...(field === null ? [] : [field])].flatMap(
    (text) => parseTemplate(text, 'kv.key').columns,
  );
  const names = [...new Set(wanted)];
  const known = columns.filter(({ name }) => names.includes(name));
  const list = known.map((column) => `${keyTextSql(column)} AS ${quoteName(column.name)}`);
  const isWhole = known.map(({ name }) => `${quoteName(name)} IS NOT NULL`).join(' AND ');
  const [row] = await database.rows(`SELECT ${list.join(', ')} FROM ${from} WHERE ${isWhole} LIMIT 1`);
  return row === undefined ? null : Object.fromEntries(names.map((name) => [name, String(row[name])]));
}
