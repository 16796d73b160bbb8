import type { KvPlan } from '../core/plan.ts';
import { quoteFiles } from '../core/sql.ts';
import type { KvBatch } from '../kv/store.ts';
import { streamChunks } from '../source/chunk-stream.ts';
import type { Database } from '../source/database.ts';
import { templateSql, valueSql } from './value-sql.ts';

/**
 * The rows of a part for the store, all rows of one key next to each other. A table ordered by date
 * first would otherwise turn one write of seven fields into seven writes.
 */
export async function* readKvBatches(
  database: Database,
  kv: KvPlan,
  parts: readonly string[],
): AsyncGenerator<KvBatch> {
  const rows = await keyedRowsSql(database, kv, parts);
  yield* toBatches(
    database,
    (await isGrouped(database, rows)) ? rows : `${rows} ORDER BY k, n`,
    kv.field !== null,
  );
}

/**
 * Rows of the parts whose key and field occur more than once, the last of each: what a store must hold
 * in the end, however the shards were staged.
 */
export async function* readDuplicateWinners(
  database: Database,
  kv: KvPlan,
  parts: readonly string[],
): AsyncGenerator<KvBatch> {
  const rows = await keyedRowsSql(database, kv, parts);
  const winners = `SELECT k, f, max_by(v, n) AS v FROM (${rows}) GROUP BY k, f HAVING count(*) > 1 ORDER BY k, f`;
  yield* toBatches(database, winners, kv.field !== null);
}

/** Distinct keys and distinct (key, field) pairs of the parts. */
export async function countDistinct(
  database: Database,
  kv: KvPlan,
  parts: readonly string[],
): Promise<{ readonly keys: number; readonly values: number }> {
  const rows = await keyedRowsSql(database, kv, parts);
  const [counts] = await database.rows(
    `SELECT count(DISTINCT k) AS keys, count(*) AS pairs FROM (SELECT DISTINCT k, f FROM (${rows}))`,
  );
  return { keys: Number(counts?.keys), values: Number(counts?.pairs) };
}

/** k: key, f: field, v: value, n: row number. */
async function keyedRowsSql(database: Database, kv: KvPlan, parts: readonly string[]): Promise<string> {
  const from = `read_parquet(${quoteFiles(parts)})`;
  const columns = await database.describe(`SELECT * FROM ${from}`);
  const field = kv.field === null ? "''" : templateSql(kv.field, columns);
  return `SELECT ${templateSql(kv.key, columns)} AS k, ${field} AS f, ${valueSql(kv.values, columns)} AS v, row_number() OVER () AS n FROM ${from}`;
}

async function isGrouped(database: Database, rows: string): Promise<boolean> {
  const [counts] = await database.rows(
    `SELECT count(*) FILTER (k IS DISTINCT FROM previous) AS runs, count(DISTINCT k) AS keys
     FROM (SELECT k, lag(k) OVER () AS previous FROM (${rows}))`,
  );
  return counts?.runs === counts?.keys;
}

async function* toBatches(database: Database, rows: string, hasField: boolean): AsyncGenerator<KvBatch> {
  for await (const { rows: count, columns } of streamChunks(database, `SELECT k, f, v FROM (${rows})`)) {
    const [keys, fields, values] = columns.map((column) => column.values as readonly string[]);
    yield { rows: count, keys: keys ?? [], fields: hasField ? (fields ?? []) : null, values: values ?? [] };
  }
}
