import type { KvPlan } from '../../core/plan.ts';
import type { Column } from '../../core/table.ts';
import { quoteFile, quoteFiles } from '../../core/text/sql.ts';
import type { KvBatch } from '../../kv/store.ts';
import { streamVectors } from '../../source/duckdb/chunk-stream.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { templateSql } from '../value-sql.ts';
import { KernelRows } from './kernel-rows.ts';
import { isGrouped, keyOrder } from './key-order.ts';
import { type KvTexts, planKvTexts } from './kv-texts.ts';
import { PlainRows } from './plain-rows.ts';
import type { RowWriter } from './row-writer.ts';

/**
 * The rows of a part for the store, all rows of one key next to each other. A table ordered by date
 * first would otherwise turn one write of seven fields into seven writes.
 */
export async function* readKvBatches(database: Database, kv: KvPlan, part: string): AsyncGenerator<KvBatch> {
  const from = `read_parquet(${quoteFile(part)}, file_row_number = true)`;
  const columns = await database.describe(`SELECT * FROM ${from}`);
  const texts = planKvTexts(kv, columns);
  const isInOrder = kv.field === null || (await isGrouped(database, kv, from, columns));
  const order = isInOrder ? '' : ` ORDER BY ${keyOrder(kv, columns)}, file_row_number`;
  yield* toBatches(database, texts, `${from}${order}`);
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
  const from = `read_parquet(${quoteFiles(parts)})`;
  const columns = await database.describe(`SELECT * FROM ${from}`);
  const { key, field } = templatesSql(kv, columns);
  // Names that no column of a table can have: the columns of the parts stand beside them.
  const winners = `(SELECT *, row_number() OVER () AS serve_batch_place,
      ${key} AS serve_batch_key, ${field} AS serve_batch_field FROM ${from})
    WINDOW same AS (PARTITION BY serve_batch_key, serve_batch_field)
    QUALIFY count(*) OVER same > 1 AND row_number() OVER (same ORDER BY serve_batch_place DESC) = 1 ORDER BY serve_batch_key, serve_batch_field`;
  yield* toBatches(database, planKvTexts(kv, columns), winners);
}

/** Distinct keys and distinct (key, field) pairs of the parts. */
export async function countDistinct(
  database: Database,
  kv: KvPlan,
  parts: readonly string[],
): Promise<{ readonly keys: number; readonly values: number }> {
  const from = `read_parquet(${quoteFiles(parts)})`;
  const columns = await database.describe(`SELECT * FROM ${from}`);
  const [counts] = await database.rows(
    `SELECT count(DISTINCT k) AS keys, count(*) AS pairs FROM (SELECT DISTINCT ${keySql(kv, columns)} FROM ${from})`,
  );
  return { keys: Number(counts?.keys), values: Number(counts?.pairs) };
}

/** `k`: key, `f`: field, as the store has them. */
export function keySql(kv: Pick<KvPlan, 'key' | 'field'>, columns: readonly Column[]): string {
  const { key, field } = templatesSql(kv, columns);
  return `${key} AS k, ${field} AS f`;
}

function templatesSql(
  kv: Pick<KvPlan, 'key' | 'field'>,
  columns: readonly Column[],
): { readonly key: string; readonly field: string } {
  const text = (template: string) => `coalesce(${templateSql(template, columns)}, '')`;
  return { key: text(kv.key), field: kv.field === null ? "''" : text(kv.field) };
}

/** The texts of the rows of a FROM clause, in its order: rows of one key must lie next to each other in it. */
export async function* toBatches(database: Database, texts: KvTexts, from: string): AsyncGenerator<KvBatch> {
  const kernel = new KernelRows(texts);
  try {
    yield* batchesOf(database, texts, from, kernel);
  } finally {
    kernel.close();
  }
}

async function* batchesOf(
  database: Database,
  texts: KvTexts,
  from: string,
  kernel: KernelRows,
): AsyncGenerator<KvBatch> {
  let writer: RowWriter = kernel;
  const list = texts.columns.map(({ sql }, index) => `${sql} AS c${index}`).join(', ');
  for await (const { rows, vectors } of streamVectors(database, `SELECT ${list} FROM ${from}`)) {
    if (writer.isFull) {
      yield writer.batch();
      writer.clear();
    }
    if (writer.write(vectors, rows)) continue;
    if (writer.rows > 0) yield writer.batch();
    // What the kernel does not take will most likely come again.
    writer = new PlainRows(texts);
    writer.write(vectors, rows);
  }
  if (writer.rows > 0) yield writer.batch();
}
