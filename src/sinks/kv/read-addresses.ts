import type { KvPlan } from '../../core/plan.ts';
import { quoteFiles } from '../../core/text/sql.ts';
import type { ValueAddress } from '../../kv/store.ts';
import { streamChunks } from '../../source/duckdb/chunk-stream.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { keySql } from './kv-batches.ts';

/** Every key and field of the parts, each once, as the store has them; some thousands at a time. */
export async function* readAddresses(
  database: Database,
  kv: Pick<KvPlan, 'key' | 'field'>,
  parts: readonly string[],
): AsyncGenerator<readonly ValueAddress[]> {
  const from = `read_parquet(${quoteFiles(parts)})`;
  const columns = await database.describe(`SELECT * FROM ${from}`);
  const select = `SELECT DISTINCT ${keySql(kv, columns)} FROM ${from}`;
  for await (const {
    rows,
    columns: [keys, fields],
  } of streamChunks(database, select))
    yield Array.from({ length: rows }, (_, row) => ({
      key: String(keys?.values[row]),
      field: kv.field === null ? null : String(fields?.values[row]),
    }));
}
