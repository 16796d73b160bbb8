import type { KvPlan } from '../../core/plan.ts';
import { quoteFiles } from '../../core/text/sql.ts';
import type { ValueAddress } from '../../kv/store.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { templateSql } from '../value-sql.ts';

/** Key and field of some rows of the parts, drawn evenly; of the same parts always the same ones. */
export async function sampleKeys(
  database: Database,
  { key, field }: Pick<KvPlan, 'key' | 'field'>,
  parts: readonly string[],
  rows: number,
): Promise<readonly ValueAddress[]> {
  const from = `read_parquet(${quoteFiles(parts)})`;
  const columns = await database.describe(`SELECT * FROM ${from}`);
  const text = (template: string): string => `coalesce(${templateSql(template, columns)}, '')`;
  const list = `${text(key)} AS k, ${field === null ? 'NULL' : text(field)} AS f`;
  const found = await database.rows(
    `SELECT ${list} FROM ${from} USING SAMPLE reservoir(${rows} ROWS) REPEATABLE (1)`,
  );
  return found.map(({ k, f }) => ({ key: String(k), field: f === null ? null : String(f) }));
}
